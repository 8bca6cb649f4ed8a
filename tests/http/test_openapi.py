"""One OpenAPI document for all protocols."""

from __future__ import annotations

from pathlib import Path

from openapi_spec_validator import validate
from tests.apps import play


def test_the_document_is_valid_and_its_operations_have_different_ids(tmp_path: Path):
    async def scenario(_app, client):
        document = (await client.get("/-/openapi.json")).json()
        validate(document)
        operations = [o for path in document["paths"].values() for o in path.values()]
        ids = [operation["operationId"] for operation in operations]
        assert len(ids) == len(set(ids)) > 60
        metric = document["components"]["schemas"]["Metric"]
        assert metric["properties"]["total_time"]["type"] == "number"
        post = document["paths"]["/api/v1/metrics/"]["post"]
        assert post["responses"]["201"]["content"]["application/json"]["schema"] == {
            "$ref": "#/components/schemas/Metric"
        }
        assert {"bearer": []} in post["security"]

    play(tmp_path, scenario)
