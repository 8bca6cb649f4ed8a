"""`GET /-/api/fields`: what questions may name: fields, tags, metrics, links, measures."""

from __future__ import annotations

import msgspec

from runwell.filter import Filter
from runwell.filter.cel.calls import CALLS
from runwell.http import Answer, Call, Endpoint, json_answer
from runwell.model import Bucket
from runwell.protocols.base import Services
from runwell.query import ABOUT, FIELDS, MEASURES, Names
from runwell.query.measures import WORDS
from runwell.query.names import Named
from runwell.web import parameters

LIMIT_DEFAULT = 1_000
PARAMETERS = (parameters.FILTER, parameters.LIMIT)


class FieldShown(msgspec.Struct, frozen=True):
    """A canonical field: its type in filters and answers, and what is in it."""

    name: str
    type: str
    about: str


class NameShown(msgspec.Struct, frozen=True):
    """A name of a tag, metric or link, and how many events have it."""

    name: str
    events: int


class FieldsAnswer(msgspec.Struct, frozen=True):
    """Everything that questions may name.

    Names come by the number of events that have them. A measure with `X` takes any expression for
    it, and any number may stand in `p95`.
    """

    fields: list[FieldShown]
    tags: list[NameShown]
    metrics: list[NameShown]
    links: list[NameShown]
    measures: list[str]
    buckets: list[str]
    functions: list[str]


SHOWN = [FieldShown(name, str(type_), ABOUT[name]) for name, type_ in FIELDS.items()]
MEASURED = [*MEASURES, *(f"{word}(X)" for word in WORDS)]
FUNCTIONS = sorted([*CALLS, "has"])


def endpoints(services: Services) -> list[Endpoint]:
    """The route of this file."""

    async def list_fields(call: Call) -> Answer:
        parameters.refuse_unknown(call.query, PARAMETERS)
        where = parameters.read_filter(call.query)
        most = services.config.page_max
        limit = parameters.read_int(call.query, "limit", LIMIT_DEFAULT, most)

        async def names(of: Named) -> list[NameShown]:
            return await _names(services, of, where, limit)

        tags, metrics, links = await names("tags"), await names("metrics"), await names("links")
        buckets = list(map(str, Bucket))
        return json_answer(FieldsAnswer(SHOWN, tags, metrics, links, MEASURED, buckets, FUNCTIONS))

    return [
        Endpoint(
            method="GET",
            path="/-/api/fields",
            handle=list_fields,
            scope="read",
            summary="What questions may name: fields, tags, metrics, links, measures.",
            answers={200: FieldsAnswer},
            query=PARAMETERS,
        )
    ]


async def _names(services: Services, of: Named, where: Filter, limit: int) -> list[NameShown]:
    rows = await services.run(Names(of, where, limit))
    return [NameShown(name, events) for name, events in rows.rows]
