"""Whatever bytes come, only their own connection ends."""

from __future__ import annotations

import socket

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.pgwire.serving import Serving

MESSAGES = st.builds(
    lambda kind, body, wrong: kind + (len(body) + 4 + wrong).to_bytes(4, "big", signed=True) + body,
    st.sampled_from([bytes([code]) for code in b"QPBDECSHXFpdcf?"]),
    st.binary(max_size=60) | st.text(max_size=40).map(lambda text: text.encode() + b"\0"),
    st.sampled_from([0, 0, 0, 1, -3, 2**30]),
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(begins=st.booleans(), sent=st.lists(MESSAGES | st.binary(max_size=60), max_size=6))
def test_the_server_outlives_any_bytes(serving: Serving, begins: bool, sent: list[bytes]):
    with serving.raw() as raw:
        if begins:
            raw.begin()
        try:
            raw.socket.sendall(b"".join(sent))
            raw.socket.shutdown(socket.SHUT_WR)
            while raw.socket.recv(65_536):
                pass
        except ConnectionError:
            pass
    with serving.connect() as other:
        assert other.execute("SELECT 1").fetchone() == (1,)
