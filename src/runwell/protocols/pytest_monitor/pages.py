"""Pages of a list: 1-based, negative from the end, with the addresses of their neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from runwell.errors import BadParameter, NotFound
from runwell.http import Call


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list."""

    number: int  # 1-based
    of: int  # how many pages there are
    size: int

    @property
    def offset(self) -> int:
        """Rows before this page."""
        return (self.number - 1) * self.size


def page_size(call: Call, default: int, most: int) -> int:
    """`per_page` (ours), or the server's page size."""
    text = call.query.get("per_page")
    if text is None:
        return min(default, most)
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most))):
        raise BadParameter("per_page", f"a whole number from 1 to {most}, not {text[:40]!r}")
    if not 1 <= int(text) <= most:
        raise BadParameter("per_page", f"a whole number from 1 to {most}, not {text}")
    return int(text)


def find_page(text: str | None, total: int, size: int) -> Page:
    """The page that `?page=` asks for; a text that is no number means the first.

    Raises:
        NotFound: there is no such page.
    """
    pages = -(-total // size)
    wanted = _number(text)
    number = pages + 1 + wanted if wanted < 0 else wanted
    if not 1 <= number <= pages:
        raise NotFound
    return Page(number, pages, size)


def _number(text: str | None) -> int:
    try:
        return int(text or "1")
    except ValueError:
        return 1


def neighbours(call: Call, page: Page) -> tuple[str | None, str | None]:
    """The addresses of the page before and the one after; the other arguments are kept."""
    before = _address(call, page.number - 1) if page.number > 1 else None
    after = _address(call, page.number + 1) if page.number < page.of else None
    return before, after


def _address(call: Call, number: int) -> str:
    kept = [(name, value) for name, value in call.query.multi_items() if name != "page"]
    return f"{call.path}?{urlencode([*kept, ('page', number)])}"
