"""Short ways to make and read results and records through a client of the app."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx

PARENTS = "/apis/results.tekton.dev/v1alpha2/parents"


class Tekton:
    """Requests as clients send them; `name` is like `ns/results/r/records/n`."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def post_result(self, name: str, **fields: Any) -> httpx.Response:
        parent = name.split("/", maxsplit=1)[0]
        body = {"name": name, **fields}
        return await self.client.post(f"{PARENTS}/{parent}/results", json=body)

    async def post(self, name: str, value: Any = None, type_: str = "t") -> httpx.Response:
        """A record; a value that is not bytes is sent as JSON."""
        return await self.client.post(
            f"{PARENTS}/{name.rpartition('/')[0]}",
            json={"name": name, "data": data_of(value, type_)},
        )

    async def patch(self, path: str, body: Any, **query: str) -> httpx.Response:
        return await self.client.patch(f"{PARENTS}/{path}", json=body, params=query)

    async def get(self, path: str, **query: Any) -> httpx.Response:
        return await self.client.get(f"{PARENTS}/{path}", params=query)

    async def delete(self, name: str) -> httpx.Response:
        return await self.client.delete(f"{PARENTS}/{name}")

    async def names(self, path: str = "-/results/-/records", **query: Any) -> list[str]:
        """The last parts of the names of a list's records."""
        answer = await self.get(path, **query)
        assert answer.status_code == 200, answer.text
        (items,) = [value for value in answer.json().values() if isinstance(value, list)]
        return [item["name"].rpartition("/")[2] for item in items]

    async def summary(self, **query: str) -> list[dict[str, Any]]:
        answer = await self.get("-/results/-/records/summary", **query)
        assert answer.status_code == 200, answer.text
        return answer.json()["summary"]


def data_of(value: Any, type_: str = "t") -> dict[str, str]:
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return {"type": type_, "value": base64.b64encode(content).decode()}


def value_of(answer: httpx.Response) -> bytes:
    return base64.b64decode(answer.json()["data"]["value"])


def run_object(**status: Any) -> dict[str, Any]:
    """A PipelineRun with this status."""
    return {
        "kind": "PipelineRun",
        "metadata": {"name": "run", "namespace": "ns", "creationTimestamp": "2026-03-01T10:00:00Z"},
        "status": status,
    }
