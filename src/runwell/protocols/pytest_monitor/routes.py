"""The reading routes: collections, their filters and counts. The posts are in posting.py."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

from runwell.errors import NotFound
from runwell.filter import Field, Filter, Metric, Tag
from runwell.http import Answer, Call, Endpoint, Parameter
from runwell.http.shapes import Positive
from runwell.protocols.base import Services
from runwell.protocols.pytest_monitor import conditions as where
from runwell.protocols.pytest_monitor import posting, wire
from runwell.protocols.pytest_monitor.addresses import API, redirects, slashed
from runwell.protocols.pytest_monitor.lists import NOTHING, Lists, tag_values_of
from runwell.query import Rows, Select

PAGE = (
    Parameter("page", "1-based; negative numbers count from the end", int),
    Parameter("per_page", "rows on a page", Positive, most="page_max"),
)
FLAGS = (
    Parameter("with_flags", "comma-separated tag names"),
    Parameter("restrict_flags", "comma-separated tag values, by position"),
    Parameter("method", "match_any (default) or match_all", Literal["", "match_any", "match_all"]),
    Parameter("with_tags", "what the stock reader calls with_flags"),
)
EXTREMES_DEFAULT, EXTREMES_MAX = 10, 500
RESOURCES = {
    "memory": Metric("mem_usage"),
    "cpu": Metric("cpu_usage"),
    "kernel_time": Metric("kernel_time"),
    "user_time": Metric("user_time"),
    "total_time": Metric("total_time"),
}
Params = Mapping[str, str]
Work = Callable[[Call], Awaitable[Answer]]

# Metrics by the path that lists them: path -> the metrics it means.
METRICS: dict[str, Callable[[Params], Filter]] = {
    "/metrics/": lambda _: where.tests(),
    "/contexts/{h}/metrics": lambda p: where.tests(where.tag("context_h", p["h"])),
    "/sessions/{h}/metrics": lambda p: where.tests(where.field("scope", p["h"])),
    "/components/metrics": lambda _: where.tests(where.field("component", "")),
    "/components/items/{item}/metrics": lambda p: where.tests(
        where.field("component", ""), where.tag("item", p["item"])
    ),
    "/components/variants/{variant}/metrics": lambda p: where.tests(
        where.field("component", ""), where.field("name", p["variant"])
    ),
    "/components/{c}/metrics": lambda p: where.tests(where.field("component", p["c"])),
    "/components/{c}/items/{item}/metrics": lambda p: where.tests(
        where.field("component", p["c"]), where.tag("item", p["item"])
    ),
    "/components/{c}/variants/{variant}/metrics": lambda p: where.tests(
        where.field("component", p["c"]), where.field("name", p["variant"])
    ),
    "/items/like/{part}/metrics": lambda p: where.tests(where.like_item(p["part"])),
    "/items/{item}/metrics": lambda p: where.tests(where.tag("item", p["item"])),
    "/variants/like/{part}/metrics": lambda p: where.tests(where.like_variant(p["part"])),
    "/variants/{variant}/metrics": lambda p: where.tests(where.field("name", p["variant"])),
    "/filters/scope/{kind}/metrics": lambda p: where.tests(where.tag("item_kind", p["kind"])),
    "/filters/scm/{prefix}/metrics": lambda p: where.tests(
        where.of_sessions(where.scm(p["prefix"]))
    ),
}
# The lists among them that can be counted: path of the count -> path of the list.
COUNTS = {
    "/metrics/count": "/metrics/",
    "/contexts/{h}/metrics/count": "/contexts/{h}/metrics",
    "/sessions/{h}/metrics/count": "/sessions/{h}/metrics",
    "/items/{item}/metrics/count": "/items/{item}/metrics",
    "/variants/{variant}/metrics/count": "/variants/{variant}/metrics",
    "/filters/scope/{kind}/metrics/count": "/filters/scope/{kind}/metrics",
    "/filters/scm/{prefix}/metrics/count": "/filters/scm/{prefix}/metrics",
}


def endpoints(services: Services) -> list[Endpoint]:
    """Every route of this protocol."""
    lists = Lists(services)
    reading = [
        *_counts(lists),
        *_collections(lists),
        *_metrics(lists),
        *_pipelines(lists),
        *_resources(lists),
    ]
    return [*posting.endpoints(services), *reading, *slashed(reading), *redirects()]


def _get(
    path: str,
    handle: Work,
    summary: str,
    answers: Mapping[int, Any],
    query: tuple[Parameter, ...] = PAGE,
) -> Endpoint:
    return Endpoint(
        method="GET",
        path=API + path,
        handle=handle,
        scope="read",
        summary=summary,
        answers=answers,
        refuses=(NotFound(),),
        query=query,
    )


def _counts(lists: Lists) -> list[Endpoint]:
    counted: dict[str, Callable[[Params], Awaitable[Answer]]] = {
        "/contexts/count": lambda _: lists.count(where.contexts()),
        "/sessions/count": lambda _: lists.count(where.sessions()),
        "/components/count": lambda _: lists.count_distinct("component", where.tests()),
        **{path: _count_of(lists, METRICS[listed]) for path, listed in COUNTS.items()},
    }
    return [
        _get(path, _with_params(work), "Count.", {200: wire.CountAnswer}, ())
        for path, work in counted.items()
    ]


def _count_of(
    lists: Lists, condition: Callable[[Params], Filter]
) -> Callable[[Params], Awaitable[Answer]]:
    return lambda params: lists.count(condition(params))


def _with_params(work: Callable[[Params], Awaitable[Answer]]) -> Work:
    return lambda call: work(call.params)


def _metrics(lists: Lists) -> list[Endpoint]:
    answers = {200: wire.MetricPage, 204: None}
    return [
        _get(path, _metrics_of(lists, condition), "List metrics.", answers)
        for path, condition in METRICS.items()
    ]


def _metrics_of(lists: Lists, condition: Callable[[Params], Filter]) -> Work:
    return lambda call: lists.metrics(call, condition(call.params))


def _collections(lists: Lists) -> list[Endpoint]:
    def contexts(call: Call) -> Awaitable[Answer]:
        return lists.contexts(call, where.contexts(call.params.get("prefix", "")))

    def sessions(call: Call) -> Awaitable[Answer]:
        names, values, method, also = (call.query.get(flag.name, "") for flag in FLAGS)
        flags = where.flags(names or also, values, method)
        return lists.sessions(call, where.sessions(call.params.get("prefix", ""), *flags))

    def scm_sessions(call: Call) -> Awaitable[Answer]:
        return lists.sessions(call, where.scm(call.params["prefix"]))

    def components(call: Call) -> Awaitable[Answer]:
        begins = where.component_prefix(call.params.get("prefix", ""))
        return lists.components(call, where.tests(*begins))

    context_page = {200: wire.ContextPage, 204: None}
    session_page = {200: wire.SessionPage, 204: None}
    component_page = {200: wire.ComponentPage, 204: None}
    by_prefix = "List those whose hash or name begins so."
    return [
        _get("/contexts/", contexts, "List contexts.", context_page),
        _get("/contexts/{prefix}", contexts, by_prefix, context_page),
        _get("/sessions/", sessions, "List sessions.", session_page, PAGE + FLAGS),
        _get("/sessions/{prefix}", sessions, by_prefix, session_page, PAGE + FLAGS),
        _get("/filters/scm/{prefix}/sessions", scm_sessions, by_prefix, session_page),
        _get("/components/", components, "List components.", component_page),
        # /components/metrics is a list of metrics, see METRICS; a literal path wins over this one
        _get("/components/{prefix}", components, by_prefix, component_page),
    ]


def _pipelines(lists: Lists) -> list[Endpoint]:
    """The pipeline family, for all sessions and for those of a component."""
    page = {200: wire.PipelinePage}
    routes = [_get("/pipelines/", _all_pipelines(lists), "List pipelines.", {**page, 204: None})]
    for prefix in ("", "/components/{component}"):
        base = f"{prefix}/pipelines"
        if prefix:
            routes.append(_get(base, _pipeline_names(lists), "List pipelines.", page))
        routes.append(_get(f"{base}/{{pipeline}}/builds", _builds(lists), "List builds.", page))
        path = f"{base}/{{pipeline}}/builds/{{build}}/sessions"
        routes.append(_get(path, _build_sessions(lists), "List a build's sessions.", page))
    return routes


def _among(call: Call, *more: Filter) -> Filter:
    """Sessions with a pipeline, of the path's component where it names one."""
    component = call.params.get("component")
    narrowed = () if component is None else (where.of_component(component),)
    return where.with_pipeline(*narrowed, *more)


def _all_pipelines(lists: Lists) -> Work:
    def handle(call: Call) -> Awaitable[Answer]:
        select = Select((Field("pipeline"),), where.with_pipeline(), distinct=True)
        return lists.named(call, select, "pipelines", Rows.first, empty=NOTHING)

    return handle


def _pipeline_names(lists: Lists) -> Work:
    def handle(call: Call) -> Awaitable[Answer]:
        select = Select((Field("pipeline"),), _among(call), distinct=True)
        return lists.named(call, select, "pipelines", Rows.first)

    return handle


def _builds(lists: Lists) -> Work:
    def handle(call: Call) -> Awaitable[Answer]:
        named = where.field("pipeline", call.params["pipeline"])
        condition = _among(call, named, where.has_text("pipeline_build_no"))
        select = Select((Tag("pipeline_build_no"),), condition, distinct=True)
        return lists.named(call, select, "builds", tag_values_of)

    return handle


def _build_sessions(lists: Lists) -> Work:
    def handle(call: Call) -> Awaitable[Answer]:
        named = where.field("pipeline", call.params["pipeline"])
        condition = _among(call, named, where.tag("pipeline_build_no", call.params["build"]))
        select = Select((Field("chain"),), condition)
        return lists.named(call, select, "sessions", Rows.first)

    return handle


def _resources(lists: Lists) -> list[Endpoint]:
    """`/resources/<res>[/components/<c> | /pipelines/<p>[/builds/<b>]]/head|tail[/<n>]/metrics`."""
    answers = {200: wire.PipelinePage, 204: None}
    middles = (
        "",
        "/components/{component}",
        "/pipelines/{pipeline}",
        "/pipelines/{pipeline}/builds/{build}",
    )
    return [
        _get(
            f"/resources/{{resource}}{middle}/{end}{count}/metrics",
            _extremes(lists, largest=end == "head"),
            "The metrics that take most (head) or least (tail) of a resource.",
            answers,
            (),
        )
        for middle in middles
        for end in ("head", "tail")
        for count in ("", "/{count}")
    ]


def _extremes(lists: Lists, *, largest: bool) -> Work:
    async def handle(call: Call) -> Answer:
        name, count = call.params["resource"], call.params.get("count", str(EXTREMES_DEFAULT))
        if name not in RESOURCES:
            known = ", ".join(RESOURCES)
            raise NotFound(
                f"there is no resource {name[:40]!r}; there are {known}", pointer="resource"
            )
        if not (count.isascii() and count.isdigit() and int(count[:9]) >= 1):
            raise NotFound(f"a number of metrics, not {count[:40]!r}", pointer="count")
        condition = where.tests(*_narrowed(call.params))
        most = min(int(count[:9]), EXTREMES_MAX)
        return await lists.extremes(condition, RESOURCES[name], most, largest=largest)

    return handle


def _narrowed(params: Params) -> list[Filter]:
    if "component" in params:
        return [where.field("component", params["component"])]
    if "pipeline" not in params:
        return []
    sessions = [where.field("pipeline", params["pipeline"])]
    if "build" in params:
        sessions.append(where.tag("pipeline_build_no", params["build"]))
    return [where.of_sessions(where.sessions("", *sessions))]
