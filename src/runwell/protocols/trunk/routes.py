"""The one route, and the name it had for a while."""

from __future__ import annotations

from collections.abc import Sequence

from runwell.errors import BadEvent, Error, TooLarge
from runwell.http import Answer, Call, Endpoint, json_answer
from runwell.http.numbers import check_numbers
from runwell.protocols.base import Services
from runwell.protocols.trunk import wire
from runwell.protocols.trunk.decode import read_request
from runwell.protocols.trunk.errors import BadPlace
from runwell.protocols.trunk.translate import Placed, Rules, to_answer, to_writes

PATH = "/v1/metrics/trackEvents"
FORMER_PATH = "/v1/metrics/trackEvent"  # as documented in 2024
SOURCE_CHARS_MAX = 200


def _placed(error: BadEvent | TooLarge, placed: Sequence[Placed]) -> Error:
    """The error with the place that it is about, where it is about one write."""
    if error.place is None:
        return error
    place = placed[error.place].place
    if isinstance(error, BadEvent):
        return BadPlace(f"{place}.{error.pointer}", error.problem)
    path = place.removesuffix(".payload")
    return TooLarge(f"{path}: {error.message}", pointer=path)


def endpoints(services: Services) -> list[Endpoint]:
    """The route of this protocol."""
    config = services.config
    bounds = (config.tags_per_event_max, config.tag_key_chars_max, config.tag_value_bytes_max)
    rules = Rules(config.trunk_hosts, config.trunk_branch_from_name, bounds)

    async def track_events(call: Call) -> Answer:
        request = read_request(call.body)
        total = len(request.events)
        if total > config.events_per_request_max:
            most = config.events_per_request_max
            raise TooLarge(f"{total} events in one request; {most} is the most", pointer="events")
        client = call.headers.get("x-source", "")[:SOURCE_CHARS_MAX] or call.client
        placed = to_writes(request, rules, client)
        check_numbers(call.body)
        try:
            written = await services.accept([write for write, _ in placed])
        except (BadEvent, TooLarge) as error:
            raise _placed(error, placed) from error
        return json_answer(to_answer(written, total))

    return [
        Endpoint(
            method="POST",
            path=PATH,
            aliases=(FORMER_PATH,),
            handle=track_events,
            scope="write",
            summary="Store runs, stages and their metrics and tags; repeats update what is stored.",
            body=wire.TrackEventsBody,
            answers={200: wire.Tracked},
        )
    ]
