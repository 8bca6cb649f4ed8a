"""Times as they are sent and as they are answered."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runwell.model.times import LATEST_US
from runwell.protocols.ets.errors import BadInput
from runwell.protocols.ets.times import read_query_time, read_time, to_text


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        ("2018-12-31T18:38:52.345678+00:00", "2018-12-31T18:38:52.345000+00:00"),
        ("2018-12-31T18:38:52.123456789Z", "2018-12-31T18:38:52.123000+00:00"),
        ("2018-12-31 18:38", "2018-12-31T18:38:00+00:00"),
        ("2018-12-31T18:38:52+0200", "2018-12-31T16:38:52+00:00"),
        (" 2018-12-31T18:38:52 ", "2018-12-31T18:38:52+00:00"),
        (1546281532, "2018-12-31T18:38:52+00:00"),
        (1546281532.5, "2018-12-31T18:38:52.500000+00:00"),
        ("1546281532.0009", "2018-12-31T18:38:52+00:00"),
        (0, "1970-01-01T00:00:00+00:00"),
        (1e-9, "1970-01-01T00:00:00+00:00"),
        ("12/05/16:10:25:00", "2016-12-05T10:25:00+00:00"),
    ],
)
def test_a_time_is_answered_in_utc_to_the_millisecond(sent: Any, answered: str):
    assert to_text(read_time(sent, "mdy")) == answered


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        (None, "datetime is empty"),
        ("", "datetime is empty"),
        ("2018-12-31", "Could not parse 2018-12-31. Should be"),
        ("2018-13-31T00:00:00Z", "Could not parse 2018-13-31T00:00:00Z. Should be"),
        ("1969-12-31T23:59:59Z", "Could not parse 1969"),
        ("2200-01-01T00:00:00Z", "Could not parse 2200"),
        (1546281532345, "Milliseconds"),
        (8e9, "Could not parse 8000000000.0. Should be"),
        (-1, "Could not parse -1. Should be"),
        (True, "Could not parse True"),
        ([1], "Could not parse [1]"),
        (float("nan"), "Could not parse nan"),
        ("١٢/٠٥/١٦:١٠:٢٥:٠٠", "Could not parse"),
        ("13/05/16:10:25:00", "read as mdy here"),
        ("12/05/16:24:00:00", "read as mdy here"),
    ],
)
def test_what_is_no_time_is_refused_rather_than_guessed(sent: Any, text: str):
    with pytest.raises(BadInput) as refused:
        read_time(sent, "mdy")
    assert text in refused.value.message


@pytest.mark.parametrize(
    ("order", "answered"), [("mdy", "2016-12-05"), ("dmy", "2016-05-12"), ("ymd", "2012-05-16")]
)
def test_the_documented_form_is_read_in_the_order_of_the_setting(order: Any, answered: str):
    assert to_text(read_time("12/05/16:10:25:00", order)).startswith(answered)


def test_a_plus_that_became_a_blank_is_a_plus():
    assert read_query_time("2018-12-31T18:38:52 02:00", "mdy") == read_time(
        "2018-12-31T18:38:52+02:00", "mdy"
    )
    with pytest.raises(BadInput, match="Could not parse "):
        read_query_time("", "mdy")


@given(st.integers(0, LATEST_US - 1))
def test_what_is_answered_can_be_sent_again(us: int):
    ms = us // 1000 * 1000
    assert read_time(to_text(ms), "mdy") == ms
