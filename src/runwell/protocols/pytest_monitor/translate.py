"""pytest-monitor's wire structs <-> canonical events. Pure: no clock, no store, no request."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any

import msgspec

from runwell.errors import BadTime, Conflict
from runwell.model import Event, Kind, Status, Write, join_id, keep_stored
from runwell.model.times import parse_iso
from runwell.protocols.pytest_monitor import wire
from runwell.protocols.pytest_monitor.decode import (
    CONTEXTS,
    METRICS,
    SESSIONS,
    beyond_int64,
    shown,
)
from runwell.protocols.pytest_monitor.errors import ValidationFailed

SOURCE = "pytest_monitor"
CONTEXT_SCOPE = "contexts"
MICROSECONDS = 1_000_000


def metric_write(metric: wire.Metric, payload: str, zone: tzinfo, client: str) -> Write:
    """A test's run; a repeat changes nothing.

    The plugin reports passing tests only, so a test function is `succeeded`; a module is not a test
    and stays `unknown`.
    """
    started = _instant("item_start_time", metric.item_start_time, zone)
    duration = round(metric.total_time * MICROSECONDS)
    event = Event(
        source=SOURCE,
        scope=metric.session_h,
        id=join_id(metric.kind, metric.item_path, metric.item_variant, metric.item_start_time),
        chain=metric.session_h,
        parent=metric.session_h,
        kind=Kind.TEST,
        name=metric.item_variant,
        component=metric.component,
        status=Status.SUCCEEDED if metric.kind == "function" else Status.UNKNOWN,
        started=started,
        finished=started + duration if duration >= 0 else None,
        duration=duration,
        metrics={
            "total_time": metric.total_time,
            "user_time": metric.user_time,
            "kernel_time": metric.kernel_time,
            "cpu_usage": metric.cpu_usage,
            "mem_usage": metric.mem_usage,
        },
        tags={
            "item": [metric.item],
            "item_path": [metric.item_path],
            "item_fs_loc": [metric.item_fs_loc],
            "item_kind": [metric.kind],
            "context_h": [metric.context_h],
        },
        payload=payload,
        client=client,
    )
    return Write(event, keep_stored)


def context_write(context: wire.Context, payload: str, client: str) -> Write:
    """A machine; the same again changes nothing, another one under the same hash is a conflict."""
    event = Event(
        source=SOURCE,
        scope=CONTEXT_SCOPE,
        id=join_id(context.h),
        chain=context.h,
        kind=Kind.CONTEXT,
        name=context.machine_node,
        metrics={
            "cpu_count": float(context.cpu_count),
            "cpu_frequency": float(context.cpu_frequency),
            "ram_total": float(context.ram_total),
        },
        tags={
            "cpu_type": [context.cpu_type],
            "cpu_vendor": [context.cpu_vendor or ""],
            "machine_type": [context.machine_type],
            "machine_arch": [context.machine_arch],
            "system_info": [context.system_info],
            "python_info": [context.python_info],
        },
        payload=payload,
        client=client,
    )
    return Write(event, same_context)


def session_write(session: wire.Session, payload: str, zone: tzinfo, client: str) -> Write:
    """A run of pytest; the same again changes nothing, another one of this hash conflicts."""
    if errors := beyond_int64(session.description, "description"):
        raise ValidationFailed(errors)
    tags = {name: [as_text(value)] for name, value in session.description.items()}
    event = Event(
        source=SOURCE,
        scope=session.session_h,  # where its metrics are, so that they are one family
        id=session.session_h,
        chain=session.session_h,
        kind=Kind.SESSION,
        name=session.session_h,
        pipeline=_first(tags, "pipeline_branch"),
        sha=session.scm_ref or "",
        started=_instant("run_date", session.run_date, zone),
        description=_first(tags, "description"),
        tags=tags,
        payload=payload,
        client=client,
    )
    return Write(event, same_session)


def _first(tags: dict[str, list[str]], name: str) -> str:
    return tags[name][0] if name in tags else ""


def _instant(name: str, text: str, zone: tzinfo) -> int:
    try:
        return parse_iso(text, zone)
    except BadTime as error:
        raise ValidationFailed({name: f"{shown(text)} is not a 'date-time'"}) from error


def as_text(value: Any) -> str:
    """A tag's value as text; what is not text is shown as JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def same_session(stored: Event | None, incoming: Event) -> Event:
    """A rule: an identical session stays as it is, a different one is refused."""
    if stored is None:
        return incoming
    if _content(stored) != _content(incoming):
        raise Conflict(f"session {incoming.chain!r} is stored with other content")
    return stored


def same_context(stored: Event | None, incoming: Event) -> Event:
    """A rule: as for sessions, but the vendor, which the client does not hash, may change."""
    if stored is None:
        return incoming
    if _content(stored) == _content(incoming):
        return stored
    if _content(stored, "cpu_vendor") != _content(incoming, "cpu_vendor"):
        raise Conflict(f"context {incoming.chain!r} is stored with other content")
    return incoming


def _content(event: Event, *but: str) -> Event:
    """What an event says, apart from how it was spelled and who sent it."""
    tags = {name: values for name, values in event.tags.items() if name not in but}
    return msgspec.structs.replace(event, payload="", client="", tags=tags)


def read_metric(payload: str, session_h: str) -> wire.Metric:
    """A stored metric as it is answered."""
    return METRICS.read(payload, {"session_h": session_h})


def read_context(payload: str, context_h: str) -> wire.ContextAnswer:
    """A stored context as it is answered."""
    context = CONTEXTS.read(payload, {"h": context_h})
    return wire.ContextAnswer(**msgspec.structs.asdict(context), context_h=context.h)


def read_session(payload: str, session_h: str) -> wire.SessionAnswer:
    """A stored session as it is answered."""
    session = SESSIONS.read(payload, {"session_h": session_h})
    tags = [wire.Tag(name, as_text(value)) for name, value in session.description.items()]
    return wire.SessionAnswer(session.session_h, session.run_date, session.scm_ref, tags)
