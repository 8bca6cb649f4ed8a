"""The routes as a Swagger 2.0 document, which is what the original's clients read. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from runwell.http import Endpoint
from runwell.protocols.ets.wire import Refused

TYPES: dict[type, str] = {str: "string", int: "integer", bool: "boolean"}
PARAMETER = re.compile(r"\{(\w+)\}")
REF = "#/definitions/{name}"


def swagger(endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    """Paths with their parameters, bodies and answers."""
    shapes = [Refused, *(shape for endpoint in endpoints for shape in _shapes(endpoint))]
    schemas, definitions = msgspec.json.schema_components(shapes, ref_template=REF)
    named = dict(zip(map(id, shapes), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, named)
    return {
        "swagger": "2.0",
        "info": {"title": "event tracking", "version": "1.0"},
        "consumes": ["application/json", "application/x-yaml"],
        "produces": ["application/json", "application/x-yaml"],
        "paths": paths,
        "definitions": definitions,
    }


def _shapes(endpoint: Endpoint) -> list[Any]:
    answers = [shape for shape in endpoint.answers.values() if shape is not None]
    return [endpoint.body, *answers] if endpoint.body else answers


def _operation(endpoint: Endpoint, named: dict[int, Any]) -> dict[str, Any]:
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "type": "string"}
        for name in PARAMETER.findall(endpoint.path)
    ]
    parameters += [
        {
            "name": parameter.name,
            "in": "query",
            "required": False,
            "type": TYPES.get(parameter.type, "string"),
            "description": parameter.description,
        }
        for parameter in endpoint.query
    ]
    if endpoint.body:
        body = {"name": "body", "in": "body", "required": True}
        parameters.append({**body, "schema": named[id(endpoint.body)]})
    answers = {
        str(status): {"description": "answered", "schema": named[id(shape)]}
        for status, shape in endpoint.answers.items()
    }
    answers["default"] = {"description": "refused", "schema": named[id(Refused)]}
    return {"summary": endpoint.summary, "parameters": parameters, "responses": answers}
