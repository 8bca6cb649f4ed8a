"""Query parameters in either spelling. What they mean is said elsewhere."""

from __future__ import annotations

from starlette.datastructures import QueryParams

from runwell.protocols.tekton.errors import InvalidArgument


def parameter(query: QueryParams, name: str) -> str | None:
    """A parameter by its name in snake case; `pageSize` is taken where there is no `page_size`.

    Raises:
        InvalidArgument: it was given more than once: one of them would be dropped.
    """
    found = query.getlist(name) or query.getlist(to_camel(name))
    if len(found) > 1:
        raise InvalidArgument(f'too many values for field "{name}"', pointer=name)
    return found[0] if found else None


def to_camel(name: str) -> str:
    """`page_size` as `pageSize`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
