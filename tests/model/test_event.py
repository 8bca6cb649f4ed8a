"""What follows from what an event says."""

from __future__ import annotations

import pytest
from tests.builders import an_event


@pytest.mark.parametrize(
    ("created", "queued", "started", "queue"),
    [
        (None, 3, 5, 2),
        (1, 3, 5, 2),  # what is told of the queue counts, not the creation
        (1, None, 5, 4),
        (None, 5, 5, 0),
        (5, None, 5, None),  # one time for both is no wait of zero
        (5, 5, 5, 0),
        (1, 6, 5, None),  # clocks disagree
        (6, None, 5, None),
        (1, 2, None, None),
        (None, None, 5, None),
    ],
)
def test_the_wait_is_from_the_queue_or_an_earlier_creation_to_the_start(
    created, queued, started, queue
):
    event = an_event(created=created, queued=queued, started=started)
    assert event.queue == queue
