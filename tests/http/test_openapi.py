"""One OpenAPI document for all protocols."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

from openapi_spec_validator import validate
from tests.apps import play

from runwell import errors
from runwell.config import Config
from runwell.errors import Error
from runwell.http import openapi
from runwell.http.call import Answer, Call, Endpoint, Parameter
from runwell.http.gate import Mounted, mount
from runwell.http.refusals import refusals
from runwell.http.shapes import Positive
from runwell.protocols.base import Protocol
from runwell.web.problem import Problem, render_problem

OF_THE_ROUTER = {"MethodNotAllowed"}  # no operation of the document answers so


async def nothing(_: Call) -> Answer:
    return Answer()


def toy(*endpoints: Endpoint) -> Mounted:
    protocol = Protocol(
        name="toy",
        title="Toy",
        claims=("/toy",),
        endpoints=lambda _: endpoints,
        render_error=render_problem,
        refused=Problem,
    )
    return mount(protocol, endpoints)


def document_of(*endpoints: Endpoint, **settings: Any) -> dict[str, Any]:
    document = openapi.build([toy(*endpoints)], Config(**settings))
    validate(document)
    return document


def a_list(**more: Any) -> Endpoint:
    return Endpoint(
        method="GET",
        path="/toy/{name}",
        handle=nothing,
        scope="read",
        summary="List.",
        answers={200: list[str]},
        **more,
    )


def test_the_document_is_valid_and_its_operations_have_different_ids(tmp_path: Path):
    async def scenario(_app, client):
        document = (await client.get("/-/openapi.json")).json()
        validate(document)
        operations = [o for path in document["paths"].values() for o in path.values()]
        ids = [operation["operationId"] for operation in operations]
        assert len(ids) == len(set(ids)) > 60
        metric = document["components"]["schemas"]["pytest_monitor.Metric"]
        assert metric["properties"]["total_time"]["type"] == "number"
        post = document["paths"]["/api/v1/metrics/"]["post"]
        assert post["responses"]["201"]["content"]["application/json"]["schema"] == {
            "$ref": "#/components/schemas/pytest_monitor.Metric"
        }
        assert {"bearer": []} in post["security"]

    play(tmp_path, scenario)


def test_every_status_of_an_operation_is_named(tmp_path: Path):
    async def scenario(_app, client):
        document = (await client.get("/-/openapi.json")).json()
        for methods in document["paths"].values():
            for operation in methods.values():
                assert "default" not in operation["responses"]
                assert {"414", "431", "500"} <= set(operation["responses"])
        trunk = document["paths"]["/v1/metrics/trackEvents"]["post"]["responses"]
        assert set(trunk) >= {"200", "400", "401", "403", "408", "413", "415", "503"}
        assert trunk["503"] == {"$ref": "#/components/responses/trunk_503"}
        full = document["components"]["responses"]["trunk_503"]
        assert full["headers"]["retry-after"]["required"]
        assert full["content"]["application/json"]["schema"] == {
            "$ref": "#/components/schemas/trunk.Refused"
        }

    play(tmp_path, scenario)


def every_error() -> list[type[Error]]:
    found = [
        one for _, one in inspect.getmembers(errors, inspect.isclass) if issubclass(one, Error)
    ]
    return [one for one in found if one is not Error and one.__name__ not in OF_THE_ROUTER]


def test_every_error_is_declared_at_some_operation(tmp_path: Path):
    async def scenario(app, _client):
        endpoints = [endpoint for item in app.mounted for endpoint in item.endpoints]
        declared = {type(one) for endpoint in endpoints for one in refusals(endpoint)}
        for error in every_error():
            stand_ins = [one for one in declared if issubclass(error, one)]
            assert error.status in [one.status for one in stand_ins], error

    play(tmp_path, scenario)


def test_a_bound_that_is_a_setting_is_told_as_it_is_set():
    limit = Parameter("limit", "most rows", Positive, most="page_max")
    document = document_of(a_list(query=(limit,)), page_max=77)
    (_, shown) = document["paths"]["/toy/{name}"]["get"]["parameters"]
    assert shown["schema"] == {"type": "integer", "minimum": 1, "maximum": 77}


def test_a_parameter_of_a_path_may_say_more_than_that_it_is_a_text():
    document = document_of(a_list(params={"name": Positive}))
    (shown,) = document["paths"]["/toy/{name}"]["get"]["parameters"]
    assert shown["schema"]["type"] == "integer"


def test_an_answer_may_be_any_of_several():
    endpoint = Endpoint(
        method="GET",
        path="/toy",
        handle=nothing,
        scope=None,
        summary="Either.",
        answers={200: (list[str], dict[str, int])},
        media=("application/yaml", "text/csv"),
    )
    content = document_of(endpoint)["paths"]["/toy"]["get"]["responses"]["200"]["content"]
    assert [one["type"] for one in content["application/json"]["schema"]["anyOf"]] == [
        "array",
        "object",
    ]
    assert content["application/yaml"] == content["application/json"]
    assert content["text/csv"] == {"schema": {"type": "string"}}


def test_refusals_of_one_status_that_differ_have_names_of_their_own():
    one, other = (
        a_list(),
        Endpoint(
            method="POST", path="/toy", handle=nothing, scope="write", summary="Put.", body=dict
        ),
    )
    document = document_of(one, other)
    named = [name for name in document["components"]["responses"] if name.startswith("toy_503")]
    assert named == ["toy_503", "toy_503.2"]
