"""A pipeline's report -> canonical events. Pure: no clock, no store, no request."""

from __future__ import annotations

import re
from dataclasses import dataclass

import msgspec

from runwell.errors import BadTime
from runwell.model import Event, Kind, Status, Write, join_id
from runwell.model.times import parse_iso
from runwell.protocols.pipeline_metrics import wire
from runwell.protocols.pipeline_metrics.decode import read_build, read_failed_job, read_job
from runwell.protocols.pipeline_metrics.errors import AlreadyReported, BadField
from runwell.protocols.pipeline_metrics.numbers import read_id, read_seconds

SOURCE = "pipeline_metrics"
GLOBAL_SCOPE = "global"
DEFAULT_BUILD = "build-e2e"
MICROSECONDS = 1_000_000
PROJECT_CHARS_MAX = 4096
# %Y-%m-%dT%H:%M:%S[.%f]%z: the original asked for the fraction too
CREATED_AT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:?\d\d)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings that decide what a report means."""

    by_project: bool  # a pipeline_id is unique within its project, not everywhere
    main_refs: frozenset[str]


def refuse_repeat(stored: Event | None, incoming: Event) -> Event:
    """A rule: a pipeline is reported once; a repeat refuses its whole request, whatever it says."""
    if stored is not None:
        raise AlreadyReported
    return incoming


def identify(head: wire.Head | wire.Report, rules: Rules) -> tuple[str, str, int]:
    """Scope, id and creation time of a pipeline: what the original read before anything else."""
    pipeline_id = read_id("pipeline_id", head.pipeline_id)
    scope = str(head.project) if rules.by_project else GLOBAL_SCOPE
    return scope, str(pipeline_id), read_created_at(head.created_at)


def read_created_at(text: str) -> int:
    """The instant, which must say its zone.

    Raises:
        BadField: another form, or outside 1970 to 2200.
    """
    if not CREATED_AT.fullmatch(text):
        raise BadField("created_at", f"takes 2023-06-13T14:11:24.029+07:00, not {text[:40]!r}")
    try:
        return parse_iso(text)
    except BadTime as error:
        raise BadField("created_at", error.message) from error


def to_writes(report: wire.Report, payload: str, rules: Rules, client: str) -> list[Write]:
    """The pipeline, its builds, its jobs and its failed jobs: stored together or not at all."""
    scope, id_, created = identify(report, rules)
    if len(report.project) > PROJECT_CHARS_MAX:
        raise BadField("project", f"more than {PROJECT_CHARS_MAX} characters")
    pipeline = Event(
        source=SOURCE,
        scope=scope,
        id=id_,
        chain=id_,
        kind=Kind.PIPELINE,
        name=report.project,
        repo=report.project,
        pipeline=report.project,
        ref=report.ref or "",
        status=Status.SUCCEEDED,  # the client reports pipelines that GitLab calls successful
        created=created,
        duration=_us(read_seconds("duration", report.duration)),
        metrics=_metrics(
            duration=read_seconds("duration", report.duration),
            duration_e2e=read_seconds("duration_e2e", report.duration_e2e),
        ),
        tags=_flags(report, rules),
        payload=payload,
        client=client,
    )
    children = [*_builds(report, pipeline), *_jobs(report, pipeline), *_failed(report, pipeline)]
    return [Write(pipeline, refuse_repeat), *map(Write, children)]


def _flags(report: wire.Report, rules: Rules) -> dict[str, list[str]]:
    tags = {"is_main": [_truth(report.ref in rules.main_refs)]}
    if report.has_restarts is not None:
        if report.has_restarts not in (0, 1):
            raise BadField("has_restarts", f"true or false, not {report.has_restarts}")
        tags["has_restarts"] = [_truth(bool(report.has_restarts))]
    return tags


def _truth(value: bool) -> str:  # noqa: FBT001 - the value is the subject
    return "true" if value else "false"


def _us(seconds: int | None) -> int | None:
    return None if seconds is None else seconds * MICROSECONDS


def _metrics(**values: int | None) -> dict[str, float]:
    return {name: float(value) for name, value in values.items() if value is not None}


def _builds(report: wire.Report, pipeline: Event) -> list[Event]:
    """One build an object, its first key only; without `builds` the sum stands for them."""
    if report.builds is None:
        if report.build is None:
            raise BadField("builds", "is required where there is no build")
        text = msgspec.Raw(msgspec.json.encode({DEFAULT_BUILD: report.build}))
        return [_build(text, "build", 0, pipeline)]
    return [
        _build(text, f"builds[{place}]", place, pipeline)
        for place, text in enumerate(report.builds)
    ]


def _build(text: msgspec.Raw, field: str, place: int, pipeline: Event) -> Event:
    pairs = list(read_build(text, field).items())
    if not pairs:
        raise BadField(field, "takes one name with its duration")
    name, value = pairs[0]
    seconds = read_seconds(field, value)
    return _child(pipeline, Kind.BUILD, "build", place, name, _metrics(duration=seconds), text)


def _jobs(report: wire.Report, pipeline: Event) -> list[Event]:
    return [_job(text, f"jobs[{place}]", place, pipeline) for place, text in enumerate(report.jobs)]


def _job(text: msgspec.Raw, field: str, place: int, pipeline: Event) -> Event:
    job = read_job(text, field)
    metrics = _metrics(
        duration=read_seconds(f"{field}.duration", job.duration),
        duration_up=read_seconds(f"{field}.up", job.up),
        duration_e2e=read_seconds(f"{field}.e2e", job.e2e),
        duration_pull=read_seconds(f"{field}.pull", job.pull),
        duration_up_without_pull=read_seconds(f"{field}.up_without_pull", job.up_without_pull),
    )
    return _child(pipeline, Kind.JOB, "job", place, job.name, metrics, text)


def _failed(report: wire.Report, pipeline: Event) -> list[Event]:
    events = []
    for place, text in enumerate(report.jobs_failed):
        field = f"jobs_failed[{place}]"
        job = read_failed_job(text, field)
        metrics = _metrics(duration=read_seconds(f"{field}.duration", job.duration))
        child = _child(pipeline, Kind.JOB, "job_failed", place, job.name, metrics, text)
        events.append(msgspec.structs.replace(child, status=Status.FAILED))
    return events


def _child(  # noqa: PLR0913, PLR0917 - the parts of one row, from three lists
    pipeline: Event,
    kind: Kind,
    word: str,
    place: int,
    name: str,
    metrics: dict[str, float],
    text: msgspec.Raw,
) -> Event:
    seconds = metrics.get("duration")
    return Event(
        source=SOURCE,
        scope=pipeline.scope,
        id=join_id(pipeline.id, word, str(place)),
        chain=pipeline.id,
        parent=pipeline.id,
        kind=kind,
        name=name,
        repo=pipeline.repo,
        pipeline=pipeline.pipeline,
        ref=pipeline.ref,
        status=Status.SUCCEEDED,
        created=pipeline.created,
        duration=None if seconds is None else int(seconds) * MICROSECONDS,
        metrics=metrics,
        payload=bytes(text).decode(),
        client=pipeline.client,
    )
