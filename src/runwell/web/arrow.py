"""Rows -> Arrow record batches, and these as an IPC stream or a Parquet file, batch by batch.

Units are those of JSON and SQL: instants in UTC, durations in seconds.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO, RawIOBase
from itertools import accumulate, chain
from queue import SimpleQueue
from typing import Any

from arro3.core import Array, DataType, RecordBatch, RecordBatchReader, Schema, struct_array
from arro3.core import Field as ArrowField
from arro3.core import list_array as array_of_lists
from arro3.io import write_ipc_stream, write_parquet

from runwell.errors import BadQuery
from runwell.http.call import encode_json
from runwell.query import Column, Rows, Type
from runwell.web.stream import Encoded, shown_part
from runwell.web.values import seconds

ROW_GROUP = 4_096  # most rows of one group, which the writer holds until it is whole
ROW_GROUP_BYTES = 32 * 1024 * 1024  # of rows like the first ones; about what it then holds
COMPRESSION = "zstd(1)"
END_OF_STREAM = b"\xff\xff\xff\xff\x00\x00\x00\x00"

Values = Sequence[Any]

TEXT = DataType.string()
INT64 = DataType.int64()
FLOAT64 = DataType.float64()
INSTANT = DataType.timestamp("us", tz="UTC")
ITEM = ArrowField("item", TEXT)


def to_batch(rows: Rows) -> RecordBatch:
    """One record batch with the columns of these rows."""
    columns = list(zip(*rows.rows, strict=True)) or [()] * len(rows.columns)
    arrays = [
        _MAKERS.get(column.type, _texts)(values)
        for column, values in zip(rows.columns, columns, strict=True)
    ]
    return RecordBatch.from_arrays(arrays, schema=_schema(rows.columns, arrays))


def _schema(columns: Sequence[Column], arrays: Sequence[Array]) -> Schema:
    return Schema(
        [ArrowField(column.name, array.type) for column, array in zip(columns, arrays, strict=True)]
    )


def _texts(values: Values) -> Array:
    """Texts as they are; what has no type of its own as JSON."""
    texts = [
        value if value is None or isinstance(value, str) else encode_json(value).decode()
        for value in values
    ]
    return Array(texts, TEXT)


def _integers(values: Values) -> Array:
    try:
        return Array(list(values), INT64)
    except OverflowError as error:
        raise BadQuery("a whole number of more than 64 bits", pointer="fields") from error


def _numbers(values: Values) -> Array:
    return Array([None if value is None else float(value) for value in values], FLOAT64)


def _truths(values: Values) -> Array:
    return Array(list(values), DataType.bool())


def _instants(values: Values) -> Array:
    return _integers(values).cast(INSTANT)


def _durations(values: Values) -> Array:
    return Array([seconds(value) for value in values], FLOAT64)


def _metrics(values: Values) -> Array:
    return _maps(values, _numbers)


def _links(values: Values) -> Array:
    return _maps(values, _texts)


def _tags(values: Values) -> Array:
    return _maps(values, _lists)


def _lists(values: Values) -> Array:
    items = Array(list(chain.from_iterable(values)), TEXT)
    return array_of_lists(_offsets(values), items, type=DataType.list(ITEM))


def _maps(values: Values, of: Callable[[Values], Array]) -> Array:
    """A map has the layout of a list of pairs: the same memory under another type."""
    maps = [value or {} for value in values]
    keys = Array(list(chain.from_iterable(maps)), TEXT)
    items = of(list(chain.from_iterable(one.values() for one in maps)))
    key, item = ArrowField("key", TEXT, nullable=False), ArrowField("value", items.type)
    pairs = array_of_lists(_offsets(maps), struct_array([keys, items], fields=[key, item]))
    type_ = DataType.map(key, item, keys_sorted=False)
    _, memory = pairs.__arrow_c_array__()
    return Array.from_arrow_pycapsule(type_.__arrow_c_schema__(), memory)


def _offsets(lists: Values) -> Array:
    return Array(list(accumulate(map(len, lists), initial=0)), DataType.int32())


_MAKERS: dict[str, Callable[[Values], Array]] = {
    Type.TEXT: _texts,
    Type.JSON: _texts,
    Type.INTEGER: _integers,
    Type.NUMBER: _numbers,
    Type.BOOLEAN: _truths,
    Type.TIME: _instants,
    Type.DURATION: _durations,
    Type.METRICS: _metrics,
    Type.TAGS: _tags,
    Type.LINKS: _links,
}


class ArrowStream:
    """An Arrow IPC stream: the schema once, then the batches."""

    def __init__(self) -> None:
        self._head = b""

    def encode(self, rows: Rows) -> Encoded:
        """See `Encoder.encode`."""
        batch = to_batch(shown_part(rows))
        before = b""
        if not self._head:
            before = self._head = _ipc(batch.slice(0, 0), batch.schema, has_rows=False)
        if not rows.rows:
            return Encoded(before, 0)
        whole = _ipc(batch, batch.schema, has_rows=True)
        return Encoded(before + whole.removeprefix(self._head), batch.nbytes)

    def finish(self) -> bytes:
        """See `Encoder.finish`."""
        return END_OF_STREAM

    def close(self) -> None:
        """See `Encoder.close`."""


def _ipc(batch: RecordBatch, schema: Schema, *, has_rows: bool) -> bytes:
    """A stream of its own without its end: every stream of this schema begins the same."""
    sink = BytesIO()
    reader = RecordBatchReader.from_batches(schema, [batch] if has_rows else [])
    write_ipc_stream(reader, sink, compression=None)  # what every reader reads
    return sink.getvalue().removesuffix(END_OF_STREAM)


class _Sink(RawIOBase):
    """What the writer has written and nobody has taken yet."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []

    def write(self, data: Any) -> int:
        """As of any file."""
        self._chunks.append(chunk := bytes(data))
        return len(chunk)

    def take(self) -> bytes:
        """All of it, once."""
        taken, self._chunks = b"".join(self._chunks), []
        return taken


class Parquet:
    """A Parquet file. Its writer pulls, so it has a thread, which works while `encode` waits."""

    def __init__(self) -> None:
        self._sink = _Sink()
        self._batches: SimpleQueue[RecordBatch | None] = SimpleQueue()
        self._turns: SimpleQueue[BaseException | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def encode(self, rows: Rows) -> Encoded:
        """See `Encoder.encode`. Bytes come with every row group that is whole."""
        batch = to_batch(shown_part(rows))
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._write,
                args=(batch.schema, group_rows(batch)),
                name="parquet",
                daemon=True,
            )
            self._thread.start()
        return Encoded(self._hand_over(batch), batch.nbytes)

    def finish(self) -> bytes:
        """See `Encoder.finish`: the last row group and the footer."""
        return self._hand_over(None)

    def _hand_over(self, batch: RecordBatch | None) -> bytes:
        self._batches.put(batch)
        if error := self._turns.get():
            raise error
        return self._sink.take()

    def close(self) -> None:
        """See `Encoder.close`. A thread that waits for a batch ends."""
        self._batches.put(None)

    def _write(self, schema: Schema, rows: int) -> None:
        error: BaseException | None = None
        try:
            reader = RecordBatchReader.from_batches(schema, self._pull())
            write_parquet(
                reader,
                self._sink,  # type: ignore[arg-type]  # as much of a file as it uses
                compression=COMPRESSION,
                max_row_group_size=rows,
            )
        except BaseException as problem:  # noqa: BLE001 - a panic, too, is told to who waits
            error = problem
        self._turns.put(error)

    def _pull(self) -> Iterator[RecordBatch]:
        """The batches as they come; back here, the one before is written."""
        while (batch := self._batches.get()) is not None:
            yield batch
            self._turns.put(None)


def group_rows(first: RecordBatch) -> int:
    """How many rows a group may have, if all are about as large as the first ones.

    Groups of few rows make a large file; groups of large rows much to hold.
    """
    if not first.num_rows:
        return ROW_GROUP
    return max(1, min(ROW_GROUP, ROW_GROUP_BYTES * first.num_rows // max(1, first.nbytes)))
