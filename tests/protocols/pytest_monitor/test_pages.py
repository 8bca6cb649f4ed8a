"""Page numbers and the addresses of neighbours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers, QueryParams

from runwell.errors import BadParameter, NotFound
from runwell.http import Call
from runwell.protocols.pytest_monitor.pages import Page, find_page, neighbours, page_size


def a_call(query: str = "") -> Call:
    return Call("/api/v1/metrics/", {}, QueryParams(query), Headers())


@given(total=st.integers(1, 500), size=st.integers(1, 50))
def test_the_pages_of_a_list_hold_each_row_once(total: int, size: int):
    pages = find_page("1", total, size).of
    rows: list[int] = []
    for number in range(1, pages + 1):
        page = find_page(str(number), total, size)
        rows += range(page.offset, min(total, page.offset + page.size))
    assert rows == list(range(total))


@given(total=st.integers(1, 500), size=st.integers(1, 50), back=st.integers(1, 500))
def test_negative_numbers_count_from_the_end(total: int, size: int, back: int):
    pages = find_page(None, total, size).of
    if back <= pages:
        assert find_page(str(-back), total, size) == find_page(str(pages + 1 - back), total, size)
    else:
        with pytest.raises(NotFound):
            find_page(str(-back), total, size)


@pytest.mark.parametrize("text", ["0", "4", "-4", "99999999999999999999"])
def test_a_page_that_is_not_there_is_not_found(text: str):
    with pytest.raises(NotFound):
        find_page(text, 30, 10)


@pytest.mark.parametrize("text", [None, "", "x", "1.5", "1"])
def test_what_is_no_number_means_the_first_page(text: str | None):
    assert find_page(text, 30, 10) == Page(1, 3, 10)


def test_neighbours_keep_the_other_arguments():
    call = a_call("with_flags=a%2Cb&page=2&per_page=10")

    assert neighbours(call, Page(2, 3, 10)) == (
        "/api/v1/metrics/?with_flags=a%2Cb&per_page=10&page=1",
        "/api/v1/metrics/?with_flags=a%2Cb&per_page=10&page=3",
    )
    assert neighbours(call, Page(1, 1, 10)) == (None, None)


def test_a_page_has_the_size_that_was_asked_for_within_the_bound():
    assert page_size(a_call(), 500, 10_000) == 500
    assert page_size(a_call(), 500, 100) == 100
    assert page_size(a_call("per_page=10000"), 500, 10_000) == 10_000
    for text in ("0", "10001", "-1", "x", "1e3", ""):
        with pytest.raises(BadParameter, match="per_page: a whole number from 1 to 10000"):
            page_size(a_call(f"per_page={text}"), 500, 10_000)
