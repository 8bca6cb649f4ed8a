"""Which names events have: of tags, of metrics, of links."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from runwell.filter import Filter

Named = Literal["tags", "metrics", "links"]


@dataclass(frozen=True, slots=True)
class Names:
    """The names in one map of the events where `where` holds, and how many events have each.

    What most events have comes first.
    """

    of: Named
    where: Filter | None = None
    limit: int | None = None
