"""Methods that the document does not have, those it never has to have, and requests without rights."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.transport import Response
from schemathesis.schemas import APIOperation
from tests.fuzz.inside import Inside, inside
from tests.fuzz.part import ALWAYS

from runwell.tokens import Tokens

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")
NAMES = re.compile(r"\{(\w+)\}")
URL = "http://test"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    with inside(tmp_path_factory.mktemp("methods"), events=10) as app:
        yield app


@pytest.fixture(scope="module")
def document(app: Inside) -> dict[str, Any]:
    return app.get("/-/openapi.json")


@pytest.fixture(scope="module")
def operations(document: dict[str, Any]) -> list[APIOperation]:
    load_all_checks()
    schema = schemathesis.openapi.from_dict(document)
    return [result.ok() for result in schema.get_all_operations()]


def filled(path: str) -> str:
    """The path with something in the place of each parameter."""
    steps = ["x" if step.startswith("{") else step for step in path.split("/")]
    return "/".join(steps)


def declared_at(path: str, document: dict[str, Any]) -> set[str]:
    """The methods of all paths of the document that fit: `/contexts/count` is a prefix, too."""
    declared: set[str] = set()
    for template, methods in document["paths"].items():
        pattern = re.sub(r"\{(\w+)\}", r"[^/]+", template.replace("{rest}", ".+"))
        if re.fullmatch(pattern, path):
            declared |= {method.upper() for method in methods}
    return declared


def test_a_method_that_is_not_there_is_refused_with_those_that_are(app: Inside, document: Any):
    for path in map(filled, document["paths"]):
        declared = declared_at(path, document)
        for method in METHODS:
            if method in declared:
                continue
            heard = app.ask(method, URL + path)
            # a gRPC gateway knows no 405: tekton.md, "Errors"
            refused = 501 if path.startswith(("/apis/", "/healthz")) else 405
            assert heard.status == refused, (method, path, heard.status)
            allowed = set(heard.headers["allow"].split(", "))
            assert allowed == declared, (method, path)


def test_a_head_is_answered_as_the_get_but_without_a_body(app: Inside, document: Any):
    changing = {"date", "content-length", "x-request-id"}
    for path, methods in document["paths"].items():
        if "get" not in methods or path == "/-/api/tail":
            continue
        got, head = (app.ask(method, URL + filled(path)) for method in ("GET", "HEAD"))
        assert head.status == got.status, path
        assert head.body == b"", path
        assert set(head.headers) - changing == set(got.headers) - changing, path


def refused(app: Inside, operation: APIOperation, token: str | None) -> int:
    """The status of a request with this token, whose answer is as the document says."""
    is_trunk = operation.path.startswith("/v1/metrics/")
    sent = {"x-api-token": token} if is_trunk else {"authorization": f"Bearer {token}"}
    method, url = operation.method.upper(), URL + filled(operation.path)
    heard = app.ask(method, url, sent if token else {})
    headers = {name: [text] for name, text in heard.headers.items()}
    request = requests.Request(method, url).prepare()
    response = Response(heard.status, headers, heard.body, request, 0.0, verify=True)
    case = operation.Case(path_parameters=dict.fromkeys(NAMES.findall(operation.path), "x"))
    case.validate_response(response, checks=[CHECKS.get_one(name) for name in ALWAYS])
    return heard.status


def test_without_a_token_that_is_enough_each_operation_refuses_as_documented(
    tmp_path: Path, operations: list[APIOperation]
):
    asked = 0
    with inside(tmp_path, events=0) as app:
        tokens = {
            scope: Tokens(tmp_path).create(scope, [scope]) for scope in ("read", "write", "admin")
        }
        for operation in operations:
            if "401" not in operation.definition.raw["responses"]:
                continue
            asked += 1
            is_tekton = operation.path.startswith("/apis/")  # 401 for what is forbidden, too
            is_read = operation.method == "get" or operation.path == "/-/api/sql"
            other = tokens["write" if is_read else "read"]
            assert refused(app, operation, None) == 401, operation.label
            assert refused(app, operation, f"{other}x") == 401, operation.label
            assert refused(app, operation, other) == (401 if is_tekton else 403), operation.label
    assert asked > 100
