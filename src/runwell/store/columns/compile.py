"""Query -> SQL text and bound values, by an engine's dialect. Values never become text here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, assert_never

from runwell.errors import BadQuery
from runwell.filter import (
    Among,
    And,
    Compare,
    Contains,
    Expression,
    Field,
    Filter,
    Metric,
    Not,
    OneOf,
    Operand,
    Or,
    StartsWith,
    Tag,
)
from runwell.model import Bucket
from runwell.query import (
    FIELDS,
    MEASURES,
    Column,
    Count,
    Group,
    Having,
    Measure,
    Names,
    Order,
    Query,
    Select,
    StoredPath,
    Summary,
    TimeBucket,
    Type,
)
from runwell.store.columns.dialect import Dialect
from runwell.store.columns.expressions import Statement, compile_expression, field_type

TABLE = "event"
IN_LISTS = "rollup IS NULL"  # a member of a roll-up counts in summaries and is in no list
SQL_OPERATORS = {"==": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}

Paths = Mapping[tuple[str, ...], StoredPath]


def compile_query(query: Query, dialect: Dialect, paths: Paths) -> Statement:
    """Turn a question into one statement; `paths` are those that have a column of their own."""
    statement = Statement(dialect, paths)
    match query:
        case Select():
            statement.text = _select(query, statement)
        case Count(of):
            inner = Select(of.fields, of.where, distinct=of.distinct)
            statement.text = _count(inner, statement)
        case Names():
            statement.text = _names(query, statement)
        case Summary():
            statement.text = _summary(query, statement)
        case _:
            assert_never(query)
    return statement


def _select(query: Select, statement: Statement) -> str:
    statement.columns = [_column(operand) for operand in query.fields]
    parts = ["SELECT", ",\n".join(_shown(operand, statement) for operand in query.fields)]
    parts += ["FROM", TABLE, *_where(_from_start(query), statement, IN_LISTS)]
    if query.distinct:
        parts += ["GROUP BY", ", ".join(str(place + 1) for place in range(len(query.fields)))]
        parts += ["ORDER BY min(arrival)"]
    else:
        parts += ["ORDER BY", ", ".join([*_orders(query.order, statement), "arrival"])]
    if query.limit is not None:
        parts += ["LIMIT", statement.bind(query.limit)]
    if query.offset:
        parts += ["OFFSET", statement.bind(query.offset)]
    return " ".join(parts)


def _from_start(query: Select) -> Filter | None:
    """What is asked for, without what comes before the start of an order."""
    starts: list[Filter] = [
        Compare(order.by, "<=" if order.descending else ">=", order.start)
        for order in query.order
        if order.start is not None
    ]
    if not starts:
        return query.where
    return And(tuple(starts) if query.where is None else (*starts, query.where))


def _count(query: Select, statement: Statement) -> str:
    if query.distinct:
        text = f"SELECT count(*) FROM ({_select(query, statement)})"
    else:
        where = _where(query.where, statement, IN_LISTS)
        text = " ".join(["SELECT count(*) FROM", TABLE, *where])
    statement.columns = [Column("count", Type.INTEGER)]
    return text


def _names(query: Names, statement: Statement) -> str:
    statement.columns = [Column("name", Type.TEXT), Column("events", Type.INTEGER)]
    keys = statement.dialect.keys.format(x=query.of)
    inner = " ".join([f"SELECT {keys} AS key FROM", TABLE, *_where(query.where, statement)])
    text = f"SELECT key, count(*) FROM ({inner}) GROUP BY key ORDER BY 2 DESC, key"
    return text if query.limit is None else f"{text} LIMIT {statement.bind(query.limit)}"


def _orders(orders: tuple[Order, ...], statement: Statement) -> list[str]:
    return [
        f"{_raw(order.by, statement)} {'DESC' if order.descending else 'ASC'} "
        f"NULLS {'FIRST' if order.missing_first else 'LAST'}"
        for order in orders
    ]


def _where(where: Filter | None, statement: Statement, always: str = "") -> list[str]:
    conditions = [always] if always else []
    if where is not None:
        conditions.append(_condition(where, statement))
    return ["WHERE", " AND ".join(conditions)] if conditions else []


def _column(operand: Operand | Group) -> Column:
    match operand:
        case Group(name, _, type_):
            return Column(name, type_)
        case Field(name):
            return Column(name, field_type(name))
        case Tag(name):
            return Column(f"tags.{name}", "list")
        case Metric(name):
            return Column(f"metrics.{name}", Type.NUMBER)
        case _:
            assert_never(operand)


def _raw(operand: Operand, statement: Statement) -> str:
    """The expression that conditions and orders work on."""
    match operand:
        case Field(name):
            field_type(name)
            return name
        case Tag(name):
            return statement.dialect.tag.format(name=statement.bind(name))
        case Metric(name):
            return statement.dialect.metric.format(name=statement.bind(name))
        case _:
            assert_never(operand)


def _shown(operand: Operand | Group, statement: Statement) -> str:
    """The expression that an answer shows."""
    if isinstance(operand, Group):
        return _value(operand.by, operand.type, statement)
    raw = _raw(operand, statement)
    is_time = isinstance(operand, Field) and FIELDS[operand.name] is Type.TIME
    return statement.dialect.micros.format(x=raw) if is_time else raw


def _value(expression: Expression, type_: Type, statement: Statement) -> str:
    text = compile_expression(expression, statement)
    return statement.dialect.micros.format(x=text) if type_ is Type.TIME else text


def _condition(condition: Filter, statement: Statement) -> str:  # noqa: PLR0911 - one a shape
    match condition:
        case And(parts):
            return _joined(parts, " AND ", "true", statement)
        case Or(parts):
            return _joined(parts, " OR ", "false", statement)
        case Not(part):  # what is not there fulfils no comparison, hence fulfils its opposite
            return f"({_condition(part, statement)}) IS NOT TRUE"
        case Compare(left, op, right):
            template = f"{{x}} {SQL_OPERATORS[op]} {{value}}"
            return _test(left, template, right, statement)
        case StartsWith(left, text):
            return _test(left, statement.dialect.starts_with, text, statement)
        case Contains(left, text):
            return _test(left, statement.dialect.contains, text, statement)
        case OneOf(left, texts):
            value = statement.bind(list(texts))
            return statement.dialect.one_of.format(x=_raw(left, statement), value=value)
        case Among(left, field_, where):
            raw, wanted = _raw(left, statement), _raw(field_, statement)
            if isinstance(field_, Tag):
                wanted = statement.dialect.each.format(x=wanted)
            among = " ".join(_where(where, statement, IN_LISTS))
            return f"{raw} IN (SELECT {wanted} FROM {TABLE} {among})"
        case _:
            return compile_expression(condition, statement)


def _joined(parts: tuple[Filter, ...], word: str, empty: str, statement: Statement) -> str:
    return "(" + word.join(_condition(part, statement) for part in parts) + ")" if parts else empty


def _test(left: Operand, template: str, right: Any, statement: Statement) -> str:
    """`template` over the operand and the bound value; over any of its values for a tag."""
    raw = _raw(left, statement)
    value = statement.bind(right)
    if isinstance(left, Tag):
        condition = template.format(x="v", value=value)
        return statement.dialect.tag_any.format(x=raw, condition=condition)
    if isinstance(left, Field) and FIELDS[left.name] is Type.TIME:
        value = statement.dialect.instant.format(x=value)
    return template.format(x=raw, value=value)


def _summary(query: Summary, statement: Statement) -> str:
    groups = [_group(group, statement) for group in query.group_by]
    measures = {name: _measure(name, query) for name in query.measures}
    statement.columns += [
        Column(name, measure.type) for name, measure in measures.items()
    ]  # after the groups' columns
    quantiles = _quantiles(measures.values())
    aggregates = [_aggregate(measure, quantiles, statement) for measure in measures.values()]
    shown = [group.shown for group in groups]
    parts = ["SELECT", ", ".join(shown + aggregates), "FROM", TABLE]
    parts += _where(query.where, statement)
    places = [str(place + 1) for place in range(len(groups))]
    if groups:
        by = [group.by or place for group, place in zip(groups, places, strict=True)]
        parts += ["GROUP BY", ", ".join(by)]
    if query.having:
        parts += ["HAVING", " AND ".join(_having(part, query, statement) for part in query.having)]
    if order := _summary_order(query, places):
        parts += ["ORDER BY", ", ".join(order)]
    if query.limit is not None:
        parts += ["LIMIT", statement.bind(query.limit)]
    return " ".join(parts)


def _summary_order(query: Summary, places: list[str]) -> list[str]:
    names = [group.name for group in query.group_by] + list(query.measures)
    order = []
    for name, descending in query.order:
        if name not in names:
            raise BadQuery(f"order_by: {name!r} is not asked for", pointer="order_by")
        place = names.index(name) + 1
        order.append(f"{place} {'DESC' if descending else 'ASC'} NULLS LAST")
    return order + [f"{place} NULLS LAST" for place in places]


def _having(having: Having, query: Summary, statement: Statement) -> str:
    measure = _measure(having.measure, query)
    number = _aggregate(measure, _quantiles([measure]), statement)
    return f"{number} {SQL_OPERATORS[having.comparison]} {statement.bind(having.bound)}"


class _Grouped(NamedTuple):
    """A group's value as it is shown, and what is grouped by if that is something simpler."""

    shown: str
    by: str = ""


def _group(group: Field | TimeBucket | Group, statement: Statement) -> _Grouped:
    match group:
        case Field(name):
            statement.columns.append(Column(name, field_type(name)))
            return _Grouped(_shown(group, statement))
        case TimeBucket(_, field):
            if field_type(field) is not Type.TIME:
                raise BadQuery(f"{field!r} is not a time", pointer="group_by")
            statement.columns.append(Column(group.name, Type.TIME))
            return _bucket(group, statement)
        case Group(name, by, type_):
            statement.columns.append(Column(name, type_))
            return _Grouped(_value(by, type_, statement))
        case _:
            assert_never(group)


def _bucket(group: TimeBucket, statement: Statement) -> _Grouped:
    """Where the bucket begins, in microseconds; the same as `bucket_start` of model/times.py."""
    dialect = statement.dialect
    if not group.zone:
        start = dialect.truncate[group.bucket].format(x=group.field)
        return _Grouped(dialect.micros.format(x=start))
    zone = statement.bind(group.zone)
    if group.bucket in (Bucket.MINUTE, Bucket.HOUR):
        once = dialect.instant.format(x=_step_start(group.field, group.bucket, zone, dialect))
        return _Grouped(_step_start(once, group.bucket, zone, dialect))
    wall = dialect.at_zone.format(x=group.field, zone=zone)
    shown = dialect.truncate[group.bucket].format(x=wall)  # one a day, and quick to tell apart
    instant = dialect.from_zone.format(x=shown, zone=zone)
    return _Grouped(dialect.micros.format(x=instant), shown)


def _step_start(time: str, bucket: Bucket, zone: str, dialect: Dialect) -> str:
    wall = dialect.at_zone.format(x=time, zone=zone)
    start = dialect.truncate[bucket].format(x=wall)
    micros = dialect.micros.format
    return f"({micros(x=time)} - {micros(x=wall)} + {micros(x=start)})"


def _measure(name: str, query: Summary) -> Measure:
    if name in query.defined:
        return query.defined[name]
    if name not in MEASURES:
        raise BadQuery(
            f"there is no measure {name!r}; there are {', '.join(MEASURES)}", pointer="summary"
        )
    return MEASURES[name]


Quantiles = dict[Expression | None, list[float]]


def _quantiles(measures: Iterable[Measure]) -> Quantiles:
    """Every quantile asked of each value: one pass over the values answers them all."""
    found: Quantiles = {}
    for measure in measures:
        if measure.aggregate == "quantile" and measure.q not in found.get(measure.of, []):
            found.setdefault(measure.of, []).append(measure.q)
    return found


def _aggregate(measure: Measure, quantiles: Quantiles, statement: Statement) -> str:
    dialect = statement.dialect
    of = "*" if measure.of is None else compile_expression(measure.of, statement)
    match measure.aggregate:
        case "quantile":
            asked = quantiles[measure.of]
            listed = dialect.quantiles.format(x=of, qs=", ".join(map(str, asked)))
            narrowed = _narrowed(listed, measure.where, statement)
            return dialect.quantile_at.format(x=f"({narrowed})", n=asked.index(measure.q) + 1)
        case "distinct":
            return _narrowed(f"count(DISTINCT {of})", measure.where, statement)
        case "rate":
            return _narrowed(f"avg(CAST({of} AS INTEGER))", measure.where, statement)
        case "count" | "avg" | "min" | "max" | "sum" as function:
            call = _narrowed(f"{function}({of})", measure.where, statement)
            return dialect.micros.format(x=call) if measure.type is Type.TIME else call
        case _:
            assert_never(measure.aggregate)


def _narrowed(call: str, where: Filter | None, statement: Statement) -> str:
    return f"{call} FILTER (WHERE {_condition(where, statement)})" if where else call
