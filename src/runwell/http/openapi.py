"""One OpenAPI 3.1 document from the endpoints and their wire types."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from runwell import __version__
from runwell.config import Config
from runwell.http.call import JSON, Answer, Endpoint, Parameter
from runwell.http.gate import Mounted, worded
from runwell.http.refusals import refusals
from runwell.http.router import PARAMETER

REF = "#/components/schemas/{}.{{name}}"
SCHEMES: dict[str, dict[str, str]] = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "basic": {"type": "http", "scheme": "basic", "description": "the token as the password"},
}
TEXT = {"type": "string"}
REFUSED_FROM = 400
EVERYWHERE = (
    "Refused everywhere, also in what is not looked at: NUL characters, halves of surrogate pairs, "
    "integers beyond 64 bits, NaN and infinities, nesting deeper than `depth_max`. A whole number "
    "is written without a fraction: 5, not 5.0."
)
Schema = dict[str, Any]


def build(mounted: Sequence[Mounted], config: Config) -> dict[str, Any]:
    """The document: every route of every protocol that is mounted."""
    components: dict[str, Schema] = {}
    paths: dict[str, dict[str, Any]] = {}
    for item in mounted:
        schemas = _schemas(item, components)
        for endpoint in item.endpoints:
            path = PARAMETER.sub(r"{\1}", endpoint.path)
            paths.setdefault(path, {})[endpoint.method.lower()] = _operation(
                item, endpoint, schemas, config
            )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "runwell",
            "version": __version__,
            "license": {"name": "Apache-2.0"},
            "description": EVERYWHERE,
        },
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": components,
            "responses": _share_refusals(paths),
            "securitySchemes": _schemes(mounted),
        },
    }


def _schemas(item: Mounted, components: dict[str, Schema]) -> dict[int, Schema]:
    """The schema of each of a protocol's wire types; the components get its name before theirs."""
    types, name = _types(item), item.protocol.name
    schemas, named = msgspec.json.schema_components(types, ref_template=REF.format(name))
    components |= {f"{name}.{word}": schema for word, schema in named.items()}
    return {id(type_): schema for type_, schema in zip(types, schemas, strict=True)}


def _types(item: Mounted) -> list[Any]:
    """Every wire type of a protocol: of bodies, of answers, of refusals."""
    types = [item.protocol.refused]
    for endpoint in item.endpoints:
        types += _several(endpoint.body)
        types += [one for answer in endpoint.answers.values() for one in _several(answer)]
    return types


def _several(types: Any) -> tuple[Any, ...]:
    if types is None:
        return ()
    return types if isinstance(types, tuple) else (types,)


def _schema_of(types: Any, schemas: dict[int, Schema]) -> Schema:
    """Of one type, or of any of several."""
    found = [schemas[id(one)] for one in _several(types)]
    return found[0] if len(found) == 1 else {"anyOf": found}


def _operation(
    item: Mounted, endpoint: Endpoint, schemas: dict[int, Schema], config: Config
) -> dict[str, Any]:
    query = [_query_parameter(parameter, config) for parameter in endpoint.query]
    operation: dict[str, Any] = {
        "tags": [item.protocol.name],
        "summary": endpoint.summary,
        "operationId": _operation_id(item.protocol.name, endpoint),
        "parameters": [*_path_parameters(endpoint), *query],
        "responses": _responses(item, endpoint, schemas),
    }
    if endpoint.body is not None:
        schema = _schema_of(endpoint.body, schemas)
        content = {media: {"schema": schema} for media in endpoint.body_media}
        operation["requestBody"] = {"required": True, "content": content}
    if endpoint.scope is not None:
        operation["security"] = [
            {_scheme_name(s): []} for s in item.protocol.credentials.schemes
        ] + [{}]
    return operation


def _operation_id(protocol: str, endpoint: Endpoint) -> str:
    words = re.sub(r"\W+", "_", endpoint.path).strip("_") or "front"
    slash = "_slash" if endpoint.path.endswith("/") and len(endpoint.path) > 1 else ""
    return f"{protocol}_{endpoint.method.lower()}_{words}{slash}"


def _path_parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"minLength": 1, **msgspec.json.schema(endpoint.params.get(name, str))},
        }
        for name, _ in PARAMETER.findall(endpoint.path)
    ]


def _query_parameter(parameter: Parameter, config: Config) -> dict[str, Any]:
    bound = {"maximum": getattr(config, parameter.most)} if parameter.most else {}
    return {
        "name": parameter.name,
        "in": "query",
        "description": parameter.description,
        "schema": msgspec.json.schema(parameter.type) | bound,
    }


def _responses(item: Mounted, endpoint: Endpoint, schemas: dict[int, Schema]) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, answer in endpoint.answers.items():
        responses[str(status)] = {"description": HTTPStatus(status).phrase}
        if answer is not None:
            responses[str(status)]["content"] = {JSON: {"schema": _schema_of(answer, schemas)}}
    if endpoint.media:
        content = responses["200"].setdefault("content", {})
        shape = content.get(JSON, {"schema": TEXT})
        content |= {
            one: shape if one.endswith("yaml") else {"schema": TEXT} for one in endpoint.media
        }
    for code, words in _refusals(item, endpoint).items():
        responses.setdefault(code, _refused(words, schemas[id(item.protocol.refused)]))
    return dict(sorted(responses.items()))


def _refusals(item: Mounted, endpoint: Endpoint) -> dict[str, dict[str, Answer]]:
    """Status -> what is wrong -> the protocol's answer to that."""
    found: dict[str, dict[str, Answer]] = {}
    for error in refusals(endpoint):
        answer = worded(item.protocol, error)
        found.setdefault(str(answer.status), {}).setdefault(error.message, answer)
    return found


def _refused(words: dict[str, Answer], shape: Schema) -> dict[str, Any]:
    """One response for all errors of a status; a header is sure if each of them has it."""
    answers = list(words.values())
    media = {answer.content_type.partition(";")[0] for answer in answers}
    response: dict[str, Any] = {
        "description": " / ".join(words),
        "content": {
            one: {"schema": shape if one.endswith("json") else TEXT} for one in sorted(media)
        },
    }
    names = [{name for name, _ in answer.headers} for answer in answers]
    if any(names):
        response["headers"] = {
            name: {"schema": TEXT, "required": all(name in some for some in names)}
            for name in sorted(set().union(*names))
        }
    return response


def _share_refusals(paths: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Move what is said again and again to one place, and leave references to it."""
    shared: dict[str, Any] = {}
    names: dict[str, str] = {}
    for operation in (one for methods in paths.values() for one in methods.values()):
        responses = operation["responses"]
        for status in [status for status in responses if int(status) >= REFUSED_FROM]:
            text = json.dumps(responses[status], sort_keys=True)
            if text not in names:
                base = f"{operation['tags'][0]}_{status}"
                same = sum(name.partition(".")[0] == base for name in shared)
                names[text] = f"{base}.{same + 1}" if same else base
                shared[names[text]] = responses[status]
            responses[status] = {"$ref": f"#/components/responses/{names[text]}"}
    return shared


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
