"""Query parameters in either spelling. What they mean is said elsewhere."""

from __future__ import annotations

from starlette.datastructures import QueryParams


def parameter(query: QueryParams, name: str) -> str | None:
    """A parameter by its name in snake case; `pageSize` is taken where there is no `page_size`."""
    found = query.get(name)
    return query.get(to_camel(name)) if found is None else found


def to_camel(name: str) -> str:
    """`page_size` as `pageSize`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
