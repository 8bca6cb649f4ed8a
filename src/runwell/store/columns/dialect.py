"""What differs between engines when a query becomes SQL: one table of templates each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dialect:
    """Templates; `{x}` is a column expression, `?` a bound value."""

    micros: str  # a time column as integer microseconds
    instant: str  # a bound integer of microseconds as a time
    metric: str  # the number of the metric whose name is bound
    tag: str  # the list of values of the tag whose name is bound, NULL without the tag
    tag_any: str  # some value `v` of that list fulfils `{condition}`
    one_of: str  # a text is in a bound list of texts
    starts_with: str
    contains: str
    truncate: dict[str, str]  # bucket -> start of the bucket that a time falls into
    at_zone: str  # a time as the clock of the bound `{zone}` shows it
    from_zone: str  # when `{zone}` shows the midnight `{x}`; of two midnights in a night the first
    quantiles: str  # interpolated quantiles `{qs}` of a number, as a list
    quantile_at: str  # the `{n}`th (from 1) of that list
    link: str  # the address of the link whose name is bound
    keys: str  # a row for each name in the map `{x}`
    each: str  # a row for each value of the list `{x}`
    any_of: str  # some value `v` of a list fulfils `{condition}`; NULL without the list
    text_in: str  # of JSON `{x}` at the pointer `{path}`: its text
    text_of: str  # of JSON `{x}` itself: its text
    readings: dict[str, str]  # what a payload is read as -> `{x}` at the pointer `{path}`
    has_member: str  # the object or array there has the `{member}`
    constants: dict[str, str]  # sort of a constant -> the bound value as that
    functions: dict[str, str]  # function of an expression -> template of its arguments {0}, {1} ...
