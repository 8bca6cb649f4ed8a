"""Bodies in JSON or YAML -> what they say, as leniently as the original, without its accidents."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from runwell.http.body import check_json, check_texts
from runwell.http.numbers import check_numbers, past_bounds
from runwell.protocols.ets.errors import BadInput
from runwell.protocols.ets.times import DateOrder, read_time
from runwell.protocols.ets.yaml_text import read_yaml

JSON = "application/json"
YAML = ("application/yaml", "application/x-yaml")
EVENT_FIELDS = {
    *("id", "source_id", "parent_id", "start_time", "end_time"),
    *("description", "detail_urls", "tags"),
}
ID_CHARS_MAX = 100
TAG_CHARS_MAX = 200
# The original kept these two among the tags, so that a tag of the name took their place.
RESERVED = ("parent_id", "source_id")
OPERATIONS = ("merge", "update")


class Given(NamedTuple):
    """What a sent event says; None: nothing about it. A null says that there is none."""

    id: str | None
    source_id: str | None
    parent_id: str | None
    start: int | None
    end: int | None
    description: str | None
    detail_urls: dict[str, str] | None
    tags: dict[str, list[str]] | None


class Posted(NamedTuple):
    """The arguments of a POST."""

    event: Given
    operation: str
    insert: bool | None


def media_type(content_type: str) -> str:
    """Without its parameters; what is missing is anything."""
    return content_type.partition(";")[0].strip().lower() or "application/octet-stream"


def read_body(content_type: str, body: bytes, depth_max: int) -> Any:
    """The value of a body.

    Raises:
        BadInput, BadBody: another type, or not what the type says, or texts that no one can store.
    """
    media = media_type(content_type)
    if media in YAML:
        value = read_yaml(body)
        check_texts(value)
        return value
    if media != JSON:
        known = f"Supported types are: ['{JSON}', '{YAML[1]}']"
        raise BadInput(f"unable to extract parameters for content type {media}. {known}")
    check_json(body, depth_max)
    check_numbers(body)
    try:
        return json.loads(body.decode(), parse_constant=_no_number) if body else None
    except ValueError as error:
        path = past_bounds(body)
        raise BadInput(f"{path}: {error}" if path else str(error), pointer=path) from error


def read_put(value: Any, order: DateOrder) -> Given:
    """The event of a PUT.

    Raises:
        BadInput: names the field.
    """
    return read_event(_event_of(value), order)


def read_post(value: Any, order: DateOrder) -> Posted:
    """The event of a POST, what to do with it, and whether to store it if it is new.

    Raises:
        BadInput: names the field.
    """
    event = read_event(_event_of(value), order)
    operation = value.get("operation", "merge")
    if operation not in OPERATIONS:
        problem = f"only update and merge operation are supported, {_shown(operation)} passed"
        raise BadInput(problem, pointer="operation")
    insert = value.get("insert")
    if insert is not None and not isinstance(insert, bool):
        raise BadInput(f"insert: true or false, not {_shown(insert)}", pointer="insert")
    return Posted(event, operation, insert)


def _event_of(value: Any) -> Any:
    """The event of the arguments; it may also be the whole body."""
    if isinstance(value, dict):
        if "event" in value:
            return value["event"]
        if not EVENT_FIELDS.isdisjoint(value):
            return value
    raise BadInput("required arguments ['event'] not passed")


def read_event(sent: Any, order: DateOrder) -> Given:
    """One event; fields that are not known are ignored."""
    if not isinstance(sent, dict):
        raise BadInput(f"event: an object, not {_shown(sent)}", pointer="event")
    return Given(
        id=_id(sent),
        source_id=_short_text(sent, "source_id"),
        parent_id=_short_text(sent, "parent_id"),
        start=_time(sent, "start_time", order),
        end=_time(sent, "end_time", order),
        description=_text(sent["description"], "description") if "description" in sent else None,
        detail_urls=_urls(sent["detail_urls"]) if "detail_urls" in sent else None,
        tags=_tags(sent["tags"]) if "tags" in sent else None,
    )


def _time(sent: Mapping[str, Any], name: str, order: DateOrder) -> int | None:
    if name not in sent:
        return None
    try:
        return read_time(sent[name], order)
    except BadInput as error:
        raise BadInput(error.message, pointer=name) from error


def _id(sent: Mapping[str, Any]) -> str | None:
    if sent.get("id") is None:
        return None
    if sent["id"] == "":
        raise BadInput("Values must not be none or empty", pointer="id")
    return _short_text(sent, "id")


def _short_text(sent: Mapping[str, Any], name: str) -> str | None:
    """A text of at most 100 characters; null is an empty one."""
    if name not in sent:
        return None
    text = _text(sent[name], name)
    if len(text) > ID_CHARS_MAX:
        raise BadInput(f"{name} must not exceed length of {ID_CHARS_MAX} chars", pointer=name)
    return text


def _text(value: Any, name: str) -> str:
    """Numbers become their text, as in the original; null none."""
    match value:
        case None:
            return ""
        case str():
            return value
        case bool() | int():
            return str(value)
        case float() if math.isfinite(value):
            return str(value)
    raise BadInput(f"{name}: a text, not {_shown(value)}", pointer=name)


def _urls(value: Any) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadInput(f"detail_urls: an object, not {_shown(value)}", pointer="detail_urls")
    return {
        _key(key, "detail_urls"): _text(url, f"detail_urls.{key}") for key, url in value.items()
    }


def _tags(value: Any) -> dict[str, list[str]]:
    """Texts by key; a key with no texts is not there."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadInput(f"tags: an object, not {_shown(value)}", pointer="tags")
    tags = {_key(key, "tags"): _tag_values(values, f"tags.{key}") for key, values in value.items()}
    for key in RESERVED:
        if key in tags:
            raise BadInput(f"tags.{key}: the name is reserved for the field {key}", pointer="tags")
    return {key: values for key, values in tags.items() if values}


def _key(key: Any, name: str) -> str:
    if key is None or key == "None":
        raise BadInput(f"{name.capitalize()} keys can't be None", pointer=name)
    return _text(key, name)


def _tag_values(value: Any, name: str) -> list[str]:
    """The texts of one tag, each once, in their order; a text alone is a list of one."""
    if value is None or isinstance(value, dict):
        raise BadInput(f"{name}: a list of texts, not {_shown(value)}", pointer=name)
    texts = []
    for item in value if isinstance(value, list) else [value]:
        if item is None:
            raise BadInput(f"{name}: a text, not null", pointer=name)
        texts.append(_text(item, name))
        if len(texts[-1]) > TAG_CHARS_MAX:
            raise BadInput(f"{name} must not exceed length of {TAG_CHARS_MAX} chars", pointer=name)
    return list(dict.fromkeys(texts))


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= 80 else f"{text[:80]}..."  # noqa: PLR2004 - what fits in a line
