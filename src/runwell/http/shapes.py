"""What the OpenAPI document says of values beyond their types: for wire structs and parameters.

None of it is looked at when a body is decoded, but for `Positive`: the decoders have words of
their own for what is out of bounds.
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta


def said(**words: Any) -> Meta:
    """What JSON Schema has words for, to stand beside a type: `maxLength=100`."""
    return Meta(extra_json_schema=words)


Time = Annotated[str, said(format="date-time")]
# without a zone, too, for which OpenAPI has no word
LocalTime = Annotated[str, said(format="iso-8601")]
Positive = Annotated[int, Meta(ge=1)]
