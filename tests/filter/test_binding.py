"""What is written into a filter is bound: the text of its SQL depends on the filter's shape alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from tests.filter.asking import parsed
from tests.filter.cel_texts import FILTERS
from tests.filter.test_functions import DIALECTS

from runwell.errors import BadQuery
from runwell.filter import Constant, Field, Filter, Link, Metric, Sort, Tag
from runwell.query import Select
from runwell.query.paths import pointer
from runwell.store.columns.compile import compile_query
from runwell.store.columns.expressions import TEXT_CHARS_MAX, Statement

MARK = "zq'\"{0}{x}$1?%--;/*"


def compiled(condition: Filter, dialect) -> Statement:
    return compile_query(Select((Field("id"),), condition), dialect, {})


class Marker:
    """Puts a value of its own in the place of everything that was written into a filter."""

    def __init__(self) -> None:
        self.written: list[Any] = []

    def text(self) -> str:
        self.written.append(f"{MARK}{len(self.written)}")
        return self.written[-1]

    def number(self) -> int:
        self.written.append(918_273_645_000 + len(self.written))
        return self.written[-1]

    def mark(self, part: Any) -> Any:
        match part:
            case Constant():
                return self._constant(part)
            case Tag() | Metric() | Link():
                return type(part)(self.text())
            case tuple():
                return tuple(map(self.mark, part))
            case _ if dataclasses.is_dataclass(part):
                names = [field.name for field in dataclasses.fields(part)]
                return type(part)(**{name: self._member(part, name) for name in names})
            case _:
                return part

    def _member(self, part: Any, name: str) -> Any:
        if name == "steps":
            return tuple(self.text() for _ in part.steps)
        return getattr(part, name) if name == "name" else self.mark(getattr(part, name))

    def _constant(self, constant: Constant) -> Constant:
        match constant.sort:
            case Sort.BOOLEAN:
                return constant
            case Sort.TEXTS:
                return Constant(tuple(self.text() for _ in constant.value), Sort.TEXTS)
            case Sort.TEXT:
                return Constant(self.text(), Sort.TEXT)
            case sort:
                return Constant(self.number(), sort)


def bound(statement: Statement) -> Iterator[Any]:
    for value in statement.params:
        yield from value if isinstance(value, list) else [value]


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_no_literal_reaches_the_text_of_the_sql(dialect):
    written = set()

    @settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
    @given(FILTERS)
    def check(text: str):
        condition = parsed(text)
        marker = Marker()
        marked = compiled(marker.mark(condition), dialect)

        assert marked.text == compiled(condition, dialect).text
        assert "zq" not in marked.text
        assert "918273645" not in marked.text
        texts = "".join(map(str, bound(marked)))
        for value in marker.written:
            assert str(value) in texts or pointer((str(value),)) in texts
        written.update(type(value) for value in marker.written)

    check()
    assert written == {str, int}


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
@pytest.mark.parametrize(
    "text",
    [
        *(
            'name == "MARK"',
            'name.contains("MARK")',
            'name in ["MARK", "b"]',
            'name.matches("MARK")',
        ),
        *('tags["MARK"] == "a"', 'metrics["MARK"] > 1.0', 'links["MARK"] == "a"', '"MARK" in tags'),
        *('payload["MARK"] == "a"', 'payload.a["MARK"].b > 1', "has(payload.a.`MARK`)"),
        *('"MARK" in payload.l', 'name + "MARK" == "a"', 'payload["MARK"] == null'),
        'string(name == "MARK") == "true"',
    ],
)
def test_a_text_is_bound_wherever_it_stands(dialect, text: str):
    statement = compiled(parsed(text), dialect)

    assert "MARK" not in statement.text
    assert any("MARK" in str(value) for value in bound(statement))


def test_a_filter_whose_sql_would_grow_without_end_is_refused():
    text = "duration"
    for _ in range(9):
        text = f"(started - timestamp(string({text})))"
    condition = parsed(f"{text} == duration")

    with pytest.raises(BadQuery, match="the filter is too large"):
        compiled(condition, DIALECTS["duckdb"])
    assert TEXT_CHARS_MAX < 10**6
