"""What the original answered, case by case: the same here, or listed with its reason."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
from tests.apps import play

BASE = "/apis/results.tekton.dev/v1alpha2/parents/"
RECORDED = json.loads((Path(__file__).parents[2] / "cases" / "tekton.json").read_text("utf-8"))
CASES = RECORDED["cases"]
LISTS = ("summary", "records", "results")
ASSIGNED = {
    **dict.fromkeys(("id", "uid"), "<uid>"),
    **dict.fromkeys(("created_time", "create_time", "updated_time", "update_time"), "<time>"),
    "etag": "<etag>",
    "next_page_token": "<token>",
}
PAGES_MAX = 50
# Why an answer is another one here -> the cases. All of them are quirks of the original.
DIFFERENT = {
    "the mask goes into the rows of a summary": ("fields-012",),
    "the documentation: without measures it is `total`": ("summary-error-008",),
    "a path is the same however its steps are written": (
        "record-filter-009",
        "record-filter-013",
        "record-filter-035",
        "record-filter-063",
    ),
    "the documentation has these functions": (
        "record-filter-041",
        "record-filter-043",
        "record-filter-049",
        "record-filter-052",
        "record-filter-054",
        "record-filter-055",
        "record-filter-062",
        "result-filter-040",
    ),
    "CEL says whether something is there": (
        "record-filter-057",
        "record-filter-068",
        "record-filter-069",
        "record-filter-097",
        "result-filter-014",
        "result-filter-015",
    ),
    "a map in a summary is asked as every other map": ("result-filter-043", "result-filter-044"),
    "texts are bound, a quote in them is a letter": (
        "record-filter-064",
        "record-filter-065",
        "record-filter-066",
    ),
    "% and _ are letters": ("record-filter-091",),
    "what cannot be asked is told with its place in the filter": (
        "record-filter-058",
        "record-filter-095",
        "record-filter-100",
        "record-filter-102",
    ),
    "a failure is told, not answered as an empty list": ("record-filter-093", "summary-error-033"),
    "the answer to a POST is what is stored, and times are stored in microseconds": (
        "mut-result-input-forms",
    ),
    "the address names the result": ("mut-result-patch-without-name",),
}


def test_every_case_is_answered_the_same_or_listed(tmp_path: Path):
    different = set()

    async def scenario(_app, client):
        await seed(client)
        for case in CASES:
            if not await is_same(client, case):
                different.add(case["id"])

    play(tmp_path, scenario)
    assert different == {case for cases in DIFFERENT.values() for case in cases}
    assert (len(CASES), len(different)) == (215, 34)
    assert different <= {case["id"] for case in CASES if case.get("quirk")}


async def seed(client: httpx.AsyncClient) -> None:
    for result in RECORDED["dataset"]["results"]:
        parent = f"{result['parent']}/results"
        body = {name: result[name] for name in ("annotations", "summary")}
        answer = await client.post(
            BASE + parent, json={"name": f"{parent}/{result['name']}", **body}
        )
        assert answer.status_code == 200, answer.text
    for record in RECORDED["dataset"]["records"]:
        parent = f"{record['parent']}/results/{record['result']}/records"
        value = base64.b64encode(json.dumps(record["data"]).encode()).decode()
        body = {"name": f"{parent}/{record['name']}", "data": {"type": record["type"]}}
        body["data"]["value"] = value
        answer = await client.post(BASE + parent, json=body)
        assert answer.status_code == 200, answer.text


async def is_same(client: httpx.AsyncClient, case: dict[str, Any]) -> bool:
    match case["kind"]:
        case "pages":
            return await pages(client, case["req"], case["key"]) == case["expect"]["pages"]
        case "steps":  # every step is taken, whatever came of those before
            answers = [await ask(client, step["req"]) for step in case["steps"]]
            return all(
                agrees(step["expect"], seen("body", *answer), is_ordered=True)
                for step, answer in zip(case["steps"], answers, strict=True)
            )
        case kind:
            answer = seen(kind, *await ask(client, case["req"]))
            return agrees(case["expect"], answer, is_ordered=case.get("ordered", False))


async def ask(client: httpx.AsyncClient, request: dict[str, Any]) -> tuple[int, Any]:
    path = request["path"] if request["path"].startswith("/") else BASE + request["path"]
    query = f"?{urlencode(request['query'])}" if request.get("query") else ""
    body = request.get("body")
    headers = {"Accept": "application/json", **(request.get("headers") or {})}
    if body is not None:
        headers = {"Content-Type": "application/json", **headers}
        body = body if isinstance(body, str) else json.dumps(body)
    answer = await client.request(request["method"], path + query, content=body, headers=headers)
    assert answer.status_code != 500
    try:
        return answer.status_code, answer.json()
    except ValueError:
        return answer.status_code, {"_raw": answer.text}


async def pages(client: httpx.AsyncClient, request: dict[str, Any], key: str) -> list[list[str]]:
    found: list[list[str]] = []
    token: dict[str, str] = {}
    while len(found) <= PAGES_MAX:
        query = {**request["query"], **token}
        status, body = await ask(client, {"method": "GET", "path": request["path"], "query": query})
        assert status == 200, body
        found.append(names(body[key]))
        if not body.get("next_page_token"):
            break
        token = {"page_token": body["next_page_token"]}
    return found


def seen(kind: str, status: int, body: Any) -> dict[str, Any]:
    """The part of an answer that a case is about."""
    if status != 200:
        return {"status": status, "code": body.get("code"), "message": body.get("message")}
    match kind:
        case "summary":
            return {"status": status, "summary": body["summary"]}
        case "records" | "results":
            is_more = bool(body.get("next_page_token"))
            return {"status": status, kind: names(body[kind]), "has_next": is_more}
        case _:
            return {"status": status, "body": without_chance(body)}


def names(items: list[dict[str, Any]]) -> list[str]:
    return [item["name"].replace("/results/", "/").replace("/records/", "/") for item in items]


def without_chance(value: Any) -> Any:
    """Without what the server assigns, and with the objects in `value` as JSON."""
    if isinstance(value, list):
        return [without_chance(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: ASSIGNED[name]
        if name in ASSIGNED
        else opened(item)
        if name == "value"
        else without_chance(item)
        for name, item in value.items()
    }


def opened(value: Any) -> Any:
    try:
        return json.loads(base64.b64decode(value))
    except (ValueError, TypeError):
        return value


def agrees(expected: dict[str, Any], found: dict[str, Any], *, is_ordered: bool) -> bool:
    """The same status and content; 1 and 1.0 differ. Some texts are known by how they begin."""
    if expected["status"] != found["status"]:
        return False
    if expected["status"] != 200:
        begin, message = expected.get("message_prefix"), found["message"]
        same_text = message == expected["message"] if begin is None else message.startswith(begin)
        return expected["code"] == found["code"] and same_text
    for key in LISTS:
        if key in expected:
            pair = [[in_order(item) for item in side[key]] for side in (expected, found)]
            left, right = pair if is_ordered else map(sorted, pair)
            same_end = expected.get("has_next", False) == found.get("has_next", False)
            return left == right and same_end
    return in_order(expected["body"]) == in_order(found["body"])


def in_order(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
