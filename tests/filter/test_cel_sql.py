"""A filter's SQL finds exactly the events that plain Python finds, whatever is in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.filter.asking import Asked, parsed, with_paths
from tests.filter.cel_texts import EVENTS, FILTERS
from tests.store.engines import COLUMNS

from runwell.filter import matches

EXAMPLES = 110
EVENTS_EACH, FILTERS_EACH = 8, 6
PAIRS_MIN = 5_000
TELLING_MIN = 0.15  # of all filters: they find some events and not all


@pytest.fixture(params=sorted(COLUMNS))
def engines(request, tmp_path) -> Iterator[list[Asked]]:
    """The same events twice: with some places in payloads stored, and without."""
    opened = [Asked(COLUMNS[request.param](tmp_path, "ledger")), with_paths(tmp_path)]
    yield opened
    for asked in opened:
        asked.close()


def test_sql_and_python_find_the_same_events_with_and_without_stored_paths(engines: list[Asked]):
    tally: Counter[str] = Counter()

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        events=st.lists(EVENTS, min_size=EVENTS_EACH, max_size=EVENTS_EACH),
        texts=st.lists(FILTERS, min_size=FILTERS_EACH, max_size=FILTERS_EACH),
    )
    def check(events, texts):
        for engine in engines:
            engine.put(events)
        for text in texts:
            condition = parsed(text)
            expected = [event.id for event in events if matches(condition, event)]
            for engine in engines:
                assert engine.find(condition) == expected, text
            tally["pairs"] += len(events)
            tally["filters"] += 1
            tally["telling"] += 0 < len(expected) < len(events)

    check()
    assert tally["pairs"] >= PAIRS_MIN
    assert tally["telling"] >= TELLING_MIN * tally["filters"]
