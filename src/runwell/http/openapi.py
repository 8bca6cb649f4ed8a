"""One OpenAPI 3.1 document from the endpoints and their wire types."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from runwell import __version__
from runwell.http.call import JSON, Endpoint, Parameter
from runwell.http.gate import Mounted
from runwell.http.router import PARAMETER

REF = "#/components/schemas/{name}"
TYPES = {str: "string", int: "integer", float: "number", bool: "boolean"}
SCHEMES: dict[str, dict[str, str]] = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "basic": {"type": "http", "scheme": "basic", "description": "the token as the password"},
}


def build(mounted: Sequence[Mounted]) -> dict[str, Any]:
    """The document: every route of every protocol that is mounted."""
    types = [type_ for item in mounted for endpoint in item.endpoints for type_ in _types(endpoint)]
    schemas, components = msgspec.json.schema_components(types, ref_template=REF)
    by_type = {id(type_): schema for type_, schema in zip(types, schemas, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for item in mounted:
        for endpoint in item.endpoints:
            path = PARAMETER.sub(r"{\1}", endpoint.path)
            paths.setdefault(path, {})[endpoint.method.lower()] = _operation(
                item, endpoint, by_type
            )
    return {
        "openapi": "3.1.0",
        "info": {"title": "runwell", "version": __version__, "license": {"name": "Apache-2.0"}},
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": components, "securitySchemes": _schemes(mounted)},
    }


def _types(endpoint: Endpoint) -> list[Any]:
    answers = [type_ for type_ in endpoint.answers.values() if type_ is not None]
    return answers if endpoint.body is None else [endpoint.body, *answers]


def _operation(item: Mounted, endpoint: Endpoint, by_type: dict[int, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "tags": [item.protocol.name],
        "summary": endpoint.summary,
        "operationId": _operation_id(item.protocol.name, endpoint),
        "parameters": [*_path_parameters(endpoint.path), *map(_query_parameter, endpoint.query)],
        "responses": _responses(endpoint, by_type),
    }
    if endpoint.body is not None:
        schema = by_type[id(endpoint.body)]
        operation["requestBody"] = {"required": True, "content": {JSON: {"schema": schema}}}
    if endpoint.scope is not None:
        operation["security"] = [
            {_scheme_name(s): []} for s in item.protocol.credentials.schemes
        ] + [{}]
    return operation


def _operation_id(protocol: str, endpoint: Endpoint) -> str:
    words = re.sub(r"\W+", "_", endpoint.path).strip("_") or "front"
    slash = "_slash" if endpoint.path.endswith("/") and len(endpoint.path) > 1 else ""
    return f"{protocol}_{endpoint.method.lower()}_{words}{slash}"


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name, _ in PARAMETER.findall(path)
    ]


def _query_parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": "query",
        "description": parameter.description,
        "schema": {"type": TYPES[parameter.type]},
    }


def _responses(endpoint: Endpoint, by_type: dict[int, Any]) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, type_ in endpoint.answers.items():
        responses[str(status)] = {"description": f"{status}"}
        if type_ is not None:
            responses[str(status)]["content"] = {JSON: {"schema": by_type[id(type_)]}}
    for media in endpoint.media:
        content = responses["200"].setdefault("content", {})
        content[media] = {"schema": {"type": "string"}}
    responses["default"] = {"description": "an error in the protocol's own words"}
    return responses


def _schemes(mounted: Sequence[Mounted]) -> dict[str, Any]:
    schemes: dict[str, Any] = {}
    for item in mounted:
        for scheme in item.protocol.credentials.schemes:
            schemes[_scheme_name(scheme)] = SCHEMES.get(
                scheme, {"type": "apiKey", "in": "header", "name": scheme}
            )
    return schemes


def _scheme_name(scheme: str) -> str:
    return scheme.replace("-", "_")
