"""Answers as tables: rows as Python has them, and the way to data frames and notebooks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from html import escape
from itertools import islice
from typing import Any

from runwell.client import frames
from runwell.client.columns import Column, Kind

ROWS_SHOWN = 60  # in a notebook
CELL_CHARS_MAX = 200

Row = dict[str, Any]


class Table:
    """Columns and rows of one answer.

    In a row, times are `datetime` objects with their zone, durations seconds, and what is not known
    is None. In data frames times are a column of instants, in the zone of the question.
    """

    def __init__(self, columns: Sequence[Column], rows: Iterable[Row], zone: str = "") -> None:
        self._rows = list(rows)
        self._columns = settled(columns, self._rows)
        self._zone = zone or "UTC"

    @property
    def columns(self) -> list[Column]:
        """Names, and what they hold: text, integer, number, boolean, time, duration, rate ..."""
        return self._columns

    @property
    def rows(self) -> list[Row]:
        """A dict for each row, by the names of the columns."""
        return self._rows

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        names = ", ".join(column.name for column in self.columns)
        return f"<{type(self).__name__} of {len(self)} rows: {names}>"

    def _repr_html_(self) -> str:
        """The first rows for a notebook."""
        names = [column.name for column in self._columns]
        shown = list(islice(self, ROWS_SHOWN))
        return (
            f"<table><thead><tr>{_cells('th', names)}</tr></thead><tbody>"
            + "".join(f"<tr>{_cells('td', map(row.get, names))}</tr>" for row in shown)
            + f"</tbody></table><p>{escape(self._size(len(shown)))}</p>"
        )

    def _size(self, shown: int) -> str:
        return f"{len(self):,} rows" + (f", the first {shown}" if shown < len(self) else "")

    def to_arrow(self) -> Any:
        """A `pyarrow.Table`: times in microseconds with a zone, tags and metrics as maps.

        Raises:
            ModuleNotFoundError: pyarrow is not installed.
        """
        return frames.to_arrow(self.columns, self.rows, self._zone)

    def to_pandas(self) -> Any:
        """A `pandas.DataFrame`: times with a zone, tags and metrics as dicts.

        Raises:
            ModuleNotFoundError: pandas is not installed.
        """
        return frames.to_pandas(self.columns, self.rows, self._zone)

    def to_polars(self) -> Any:
        """A `polars.DataFrame`: times with a zone, tags and metrics as lists of key and value.

        Raises:
            ModuleNotFoundError: polars is not installed.
        """
        return frames.to_polars(self.columns, self.rows, self._zone)


class Events(Table):
    """A list of events that is asked for page by page, while it is read.

    Iterating asks anew and keeps nothing. `rows`, `len` and the data frames read the whole list
    once and keep it.
    """

    def __init__(
        self, columns: Sequence[Column], pages: Callable[[], Iterable[Iterable[Row]]]
    ) -> None:
        super().__init__(columns, ())
        self._asked = list(columns)
        self._pages = pages
        self._is_read = False

    @property
    def columns(self) -> list[Column]:
        """Names, and what they hold; reads the list only if a computed column needs it."""
        if any(column.type is None for column in self._asked):
            self._read()
        return self._columns

    @property
    def rows(self) -> list[Row]:
        """Every event."""
        self._read()
        return self._rows

    def __iter__(self) -> Iterator[Row]:
        if self._is_read:
            yield from self._rows
        else:
            for page in self._pages():
                yield from page

    def __repr__(self) -> str:
        names = ", ".join(column.name for column in self._asked)
        return f"<Events: {names}>"

    def _size(self, shown: int) -> str:
        if self._is_read:
            return super()._size(shown)
        return f"the first {shown} events" if shown == ROWS_SHOWN else f"{shown} events"

    def _read(self) -> None:
        if not self._is_read:
            self._rows = [row for page in self._pages() for row in page]
            self._columns = settled(self._asked, self._rows)
            self._is_read = True


def read_rows(columns: Sequence[Column], rows: Iterable[Row]) -> list[Row]:
    """Rows as they came over HTTP, with their times as objects."""
    reads = {
        column.name: _TIMES[column.type] for column in columns if column.type in ("time", "date")
    }
    if not reads:
        return list(rows)
    return [
        {
            name: reads[name](value) if name in reads and isinstance(value, str) else value
            for name, value in row.items()
        }
        for row in rows
    ]


_TIMES: dict[Kind, Callable[[str], date]] = {
    "time": datetime.fromisoformat,
    "date": date.fromisoformat,
}


def settled(columns: Iterable[Column], rows: Sequence[Row]) -> list[Column]:
    """The same columns; of those that only values tell, with what these are."""
    return [
        column._replace(type=_kind(column.type, [row[column.name] for row in rows]))
        if column.type in UNSURE
        else column
        for column in columns
    ]


UNSURE: tuple[Kind | None, ...] = (None, "integer", "number")


def _kind(told: Kind | None, values: Iterable[Any]) -> Kind:
    """What holds all of these; whole numbers beyond 64 bits come as texts or with a fraction."""
    types = {type(value) for value in values if value is not None}
    if str in types or not (types or told):
        return "text"
    if told:
        return "number" if float in types else told
    if types == {bool}:
        return "boolean"
    if types <= {int, float}:
        return "integer" if types == {int} else "number"
    return "json"


def _cells(tag: str, values: Iterable[Any]) -> str:
    return "".join(f"<{tag}>{escape(_text(value))}</{tag}>" for value in values)


def _text(value: Any) -> str:
    if value is None:
        return ""
    text = f"{value:,.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= CELL_CHARS_MAX else f"{text[:CELL_CHARS_MAX]}…"
