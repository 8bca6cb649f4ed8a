"""`GET /-/api/relations`: what SQL questions may read."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from runwell.errors import BadRequest
from runwell.http import Answer, Call, Endpoint, json_answer
from runwell.query import Relation
from runwell.web import parameters

Relations = Callable[[], Iterable[Relation]]


class RelationsAnswer(msgspec.Struct, frozen=True):
    """Every relation with its columns; types are the engine's words."""

    relations: list[Relation]


def endpoints(relations: Relations) -> list[Endpoint]:
    """The route of this file."""

    async def list_relations(call: Call) -> Answer:
        parameters.refuse_unknown(call.query, ())
        return json_answer(RelationsAnswer(list(relations())))

    return [
        Endpoint(
            method="GET",
            path="/-/api/relations",
            handle=list_relations,
            scope="read",
            summary="The relations that SQL may read, with their columns.",
            answers={200: RelationsAnswer},
            refuses=(BadRequest(),),
        )
    ]
