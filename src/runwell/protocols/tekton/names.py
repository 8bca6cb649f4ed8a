"""Names of results and records: `ns/results/r` and `ns/results/r/records/n`. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

from runwell.protocols.tekton.errors import InvalidArgument, WrappedArgument

# As they stand in the messages; Go's `$` is the end of the text, so `fullmatch` is what they mean.
RESULT_PATTERN = "(^[a-z0-9_-]{1,63})/results/([a-z0-9_-]{1,63}$)"
RECORD_PATTERN = "(^[a-z0-9_-]{1,63})/results/([a-z0-9_-]{1,63})/records/([a-z0-9_-]{1,63}$)"
RESULT = re.compile(RESULT_PATTERN)
RECORD = re.compile(RECORD_PATTERN)
ANY = "-"  # in a list or a summary: every parent, every result


class ResultName(NamedTuple):
    """Where a result is; in a list, either part may be `-`."""

    parent: str
    result: str

    @property
    def text(self) -> str:
        """As it travels: `ns/results/r`."""
        return f"{self.parent}/results/{self.result}"


class RecordName(NamedTuple):
    """Where a record is."""

    parent: str
    result: str
    record: str

    @property
    def text(self) -> str:
        """As it travels: `ns/results/r/records/n`."""
        return f"{self.parent}/results/{self.result}/records/{self.record}"


def parse_result_name(text: str) -> ResultName:
    """The name of one result to make, get or update.

    Raises:
        WrappedArgument: here the original puts the message into another one.
    """
    found = RESULT.fullmatch(text)
    if not found:
        raise WrappedArgument(f"name must match {RESULT_PATTERN}")
    return ResultName(found[1], found[2])


def parse_record_name(text: str) -> RecordName:
    """The name of one record.

    Raises:
        InvalidArgument
    """
    found = RECORD.fullmatch(text)
    if not found:
        raise InvalidArgument(f"name must match {RECORD_PATTERN}")
    return RecordName(found[1], found[2], found[3])


def is_record_name(text: str) -> bool:
    """Whether a text is the name of a record, be there one or not."""
    return RECORD.fullmatch(text) is not None


def check_parent(parent: str, result: str) -> ResultName:
    """The path of a list, a summary or a deleted result: the pattern holds for `-`, too.

    Raises:
        InvalidArgument
    """
    name = ResultName(parent, result)
    if not RESULT.fullmatch(name.text):
        raise InvalidArgument(f"name must match {RESULT_PATTERN}")
    return name


def new_result_name(text: str, parent: str) -> ResultName:
    """The name in the body of a new result, which lies under the path's parent.

    Raises:
        InvalidArgument: first that it is no name, then that it lies elsewhere.
    """
    name = parse_result_name(text)
    if name.parent != parent:
        raise _lies_elsewhere()
    return name


def new_record_name(text: str, parent: str, result: str) -> RecordName:
    """The name in the body of a new record, which lies under the path's result.

    Raises:
        InvalidArgument: first that it is no name, then that it lies elsewhere.
    """
    name = parse_record_name(text)
    if name[:2] != (parent, result):
        raise _lies_elsewhere()
    return name


def _lies_elsewhere() -> InvalidArgument:
    return InvalidArgument("requested parent does not match resource name", pointer="name")
