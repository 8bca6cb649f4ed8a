"""Texts of the formats that the document names: within the bounds that it has no words for."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta, timezone

import schemathesis
from hypothesis import strategies as st

FIRST, LAST = datetime(1970, 1, 2), datetime(2199, 12, 30)
ZONES = (UTC, timezone(timedelta(hours=5, minutes=45)), timezone(timedelta(hours=-8)))


def _zoned(moment: datetime, zone: timezone) -> str:
    return moment.replace(tzinfo=zone).isoformat().replace("+00:00", "Z")


MOMENTS = st.datetimes(FIRST, LAST)
ZONED = st.builds(_zoned, MOMENTS, st.sampled_from(ZONES))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("abc"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab"), inner, max_size=3),
    max_leaves=5,
)
FORMATS = {
    "date-time": ZONED,
    "iso-8601": ZONED | MOMENTS.map(datetime.isoformat),
    "json-base64": VALUES.map(lambda value: base64.b64encode(json.dumps(value).encode()).decode()),
}


def register() -> None:
    """Tell schemathesis how to make them."""
    for name, texts in FORMATS.items():
        schemathesis.openapi.format(name, texts)
