"""Every operation of the OpenAPI document answers as it says there, whatever is sent."""

from __future__ import annotations

from tests.fuzz.campaign import campaign

CASES = 300


def test_no_request_gets_what_the_document_does_not_say():
    found = campaign(CASES, seed=None)
    assert not found.failures, "\n".join(map(str, found.failures.items()))
    assert len(found.cases) > 100
    assert min(found.cases.values()) >= CASES, found.cases.most_common()[-5:]
    assert not [status for status in found.statuses if int(status) >= 500], found
    assert {"200", "201", "204", "308", "400", "404", "409", "413", "415"} <= set(found.statuses)
    assert set(found.accepted) == set(found.cases), "an operation that nothing ever succeeds at"
