"""What follows from what an event says: kind, pipeline, branch, links, wait, duration. Pure."""

from __future__ import annotations

import msgspec

from runwell.model import Event, Kind, Status

MILLISECOND_US = 1_000
WAITS = ("wait_ms", "queue_ms", "init_ms")
OPEN = (Status.RUNNING, Status.STALE)


def derived(event: Event) -> Event:
    """The event with everything that follows from what it says.

    What has no sequence is a run, or a job if it has a parent. A run's pipeline is its own name; a
    Jenkins stage tells its run's in the tag `path`, as `job/stage/stage`. The wait is `wait_ms`,
    `queue_ms` or `init_ms`. The duration is `duration_ms` where it is above zero, else end minus
    start, and only known once the run is over; an end before the start is flagged by the metric
    `clock_skew_ms` and never becomes a negative duration.
    """
    tags = event.tags
    kind = event.kind
    if not event.component:
        kind = Kind.JOB if event.parent else Kind.PIPELINE
    return _timed(
        msgspec.structs.replace(
            event,
            kind=kind,
            pipeline=_first(tags, "path").partition("/")[0] if event.parent else event.name,
            ref=_first(tags, "branch") or event.ref,
            sha=_first(tags, "sha"),
            links={name: link for name, values in tags.items() if (link := _address(values))},
        )
    )


def _first(tags: dict[str, list[str]], name: str) -> str:
    return tags[name][0] if name in tags else ""


def _address(values: list[str]) -> str:
    return next((value for value in values if value.startswith(("https://", "http://"))), "")


def _timed(event: Event) -> Event:
    created = event.created or 0
    waited = next((event.metrics[name] for name in WAITS if name in event.metrics), None)
    queued = None if waited is None else created - round(waited * MILLISECOND_US)
    skew = max(0, created - event.finished) if event.finished is not None else 0
    metrics = {name: value for name, value in event.metrics.items() if name != "clock_skew_ms"}
    if skew:
        metrics["clock_skew_ms"] = skew / MILLISECOND_US
    return msgspec.structs.replace(
        event,
        queued=queued if queued is not None and 0 <= queued <= created else None,
        duration=None if event.status in OPEN else _duration(event, created),
        metrics=metrics,
    )


def _duration(event: Event, created: int) -> int | None:
    if event.metrics.get("duration_ms", 0.0) > 0:
        return round(event.metrics["duration_ms"] * MILLISECOND_US)
    return None if event.finished is None else max(0, event.finished - created)
