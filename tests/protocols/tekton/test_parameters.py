"""Query parameters in either spelling."""

from __future__ import annotations

from starlette.datastructures import QueryParams

from runwell.protocols.tekton.parameters import parameter, to_camel


def test_either_spelling_is_taken_and_snake_case_first():
    assert parameter(QueryParams("pageSize=7"), "page_size") == "7"
    assert parameter(QueryParams("pageSize=7&page_size=8"), "page_size") == "8"
    assert parameter(QueryParams("pageSize=7&page_size="), "page_size") == ""
    assert parameter(QueryParams("x=7"), "page_size") is None
    assert parameter(QueryParams("summary=total"), "summary") == "total"


def test_a_name_in_camel_case():
    assert [to_camel(name) for name in ("group_by", "filter")] == ["groupBy", "filter"]
