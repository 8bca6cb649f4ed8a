"""What the object in a record says, in canonical fields: a PipelineRun, a TaskRun, anything. Pure.

A record may hold any JSON. What is not there, or of another type than Kubernetes gives it, is left
out; nothing in it can make a record fail.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import msgspec

from runwell.filter.functions import time_of_text
from runwell.model import Kind, Status
from runwell.model.times import EARLIEST_US, LATEST_US
from runwell.protocols.tekton.names import RecordName
from runwell.protocols.tekton.vocabulary import (
    COMPLETION_TIME,
    CREATION_TIMESTAMP,
    NAMESPACE,
    PIPELINE,
    START_TIME,
)

DESCRIPTION_CHARS_MAX = 2_000
PAC = "pipelinesascode.tekton.dev/"
# The end of a type like tekton.dev/v1.PipelineRun.
KINDS = {
    "PipelineRun": Kind.PIPELINE,
    "TaskRun": Kind.TASK,
    "CustomRun": Kind.TASK,
    "Run": Kind.TASK,
}
SUCCEEDED = "Succeeded"  # the condition that tells how a run stands
# What a condition's status says, unless its reason says more.
STATUSES = {"True": Status.SUCCEEDED, "False": Status.FAILED, "Unknown": Status.RUNNING}
PENDING = {"Pending", "PipelineRunPending", "ResolvingPipelineRef", "ResolvingTaskRef"}
REASONS = (
    ("Cancelled", Status.CANCELLED),
    ("Timeout", Status.TIMED_OUT),
    ("TimedOut", Status.TIMED_OUT),
)

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class Limits(NamedTuple):
    """How much of its labels an event may have as tags (see config.py)."""

    tags_max: int
    key_chars_max: int
    value_bytes_max: int


def kind_of(type_: str) -> Kind:
    """What a record of this type is.

    >>> kind_of("tekton.dev/v1.TaskRun")
    <Kind.TASK: 'task'>
    """
    return KINDS.get(type_.rpartition(".")[2], Kind.EVENT)


def describe(payload: bytes, name: RecordName, limits: Limits) -> dict[str, Any]:
    """Canonical fields by their names, of what the object says; valid JSON, checked before."""
    found = decode(payload)
    metadata = _object(found, "metadata")
    labels, annotations = _texts(metadata, "labels"), _texts(metadata, "annotations")
    condition = _condition(_object(found, "status"))
    created = _time(found, CREATION_TIMESTAMP)
    started, finished = _time(found, START_TIME), _time(found, COMPLETION_TIME)
    log_url = annotations.get(f"{PAC}log-url", "")
    return {
        "parent": _parent(name, metadata, labels),
        "name": _text(metadata, "name") or name.record,
        "repo": _repo(annotations),
        "namespace": _at(found, NAMESPACE) or name.parent,
        "pipeline": _at(found, PIPELINE) or _text(_object(found, "spec", "pipelineRef"), "name"),
        "ref": annotations.get(f"{PAC}source-branch") or annotations.get(f"{PAC}branch", ""),
        "sha": annotations.get(f"{PAC}sha", ""),
        "status": _status(condition),
        "created": created,
        "queued": created,  # an object waits from the moment it is there, if only for a moment
        "started": started,
        "finished": finished,
        "duration": None if started is None or finished is None else finished - started,
        "description": _text(condition, "message")[:DESCRIPTION_CHARS_MAX],
        "tags": _tags(labels, limits),
        "links": {"log": log_url} if 0 < len(log_url) <= limits.value_bytes_max // 4 else {},
    }


def decode(payload: bytes) -> Any:
    """JSON of which the first counts where an object has a key twice, as in the columns.

    The quick decoder keeps the last. What is written again as it was had none twice; other texts,
    with blanks or escapes, are read once more.
    """
    found = _decode(payload)
    if _encode(found) == payload:
        return found
    return json.loads(payload, object_pairs_hook=_first_of_each)


def _first_of_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        found.setdefault(name, value)
    return found


def _object(value: Any, *steps: str) -> dict[str, Any]:
    for step in steps:
        value = value.get(step) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def _text(value: dict[str, Any], name: str) -> str:
    found = value.get(name)
    return found if isinstance(found, str) else ""


def _texts(value: dict[str, Any], name: str) -> dict[str, str]:
    """The members of an object that are texts."""
    return {key: text for key, text in _object(value, name).items() if isinstance(text, str)}


def _at(found: Any, steps: tuple[str, ...]) -> str:
    return _text(_object(found, *steps[:-1]), steps[-1])


def _time(found: Any, steps: tuple[str, ...]) -> int | None:
    us = time_of_text(_at(found, steps))
    return us if us is not None and EARLIEST_US <= us < LATEST_US else None


def _condition(status: dict[str, Any]) -> dict[str, Any]:
    """The condition `Succeeded`, or the first one."""
    listed = status.get("conditions")
    conditions = (
        [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    )
    named = [item for item in conditions if item.get("type") == SUCCEEDED]
    return next(iter(named or conditions), {})


def _status(condition: dict[str, Any]) -> Status:
    reason = _text(condition, "reason")
    if reason in PENDING:
        return Status.QUEUED
    status = STATUSES.get(_text(condition, "status"), Status.UNKNOWN)
    if status is Status.FAILED:
        return next((found for part, found in REASONS if part in reason), status)
    return status


def _parent(name: RecordName, metadata: dict[str, Any], labels: dict[str, str]) -> str:
    """The record of the run that owns this one: records are named by the uids of their objects."""
    uid = labels.get("tekton.dev/pipelineRunUID", "")
    owners = metadata.get("ownerReferences")
    for owner in owners if isinstance(owners, list) else []:
        if isinstance(owner, dict) and _text(owner, "kind") in KINDS:
            uid = uid or _text(owner, "uid")
    return f"{name.result}/{uid}" if uid and uid != name.record else name.result


def _repo(annotations: dict[str, str]) -> str:
    """owner/name as Pipelines as Code has it, or what its Repository is called."""
    parts = [annotations.get(f"{PAC}{part}", "") for part in ("url-org", "url-repository")]
    return "/".join(parts) if all(parts) else annotations.get(f"{PAC}repository", "")


def _tags(labels: dict[str, str], limits: Limits) -> dict[str, list[str]]:
    """The labels that fit; all of them stay in the payload."""
    fitting = [
        (key, [text])
        for key, text in labels.items()
        if len(key) <= limits.key_chars_max and len(text) * 4 <= limits.value_bytes_max
    ]
    return dict(fitting[: limits.tags_max])
