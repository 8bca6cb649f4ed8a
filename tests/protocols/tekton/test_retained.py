"""What a roll-up knows of a record: what summaries are made of, and nothing large."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.builders import an_event

from runwell.model import Kind
from runwell.protocols.tekton.retained import keeps

LABEL, ANNOTATION = "tekton.dev/pipeline", "pipelinesascode.tekton.dev/repository"
WHOLE = {
    "kind": "TaskRun",
    "metadata": {
        "name": "n",
        "namespace": "ns",
        "labels": {LABEL: "p", "other": "x"},
        "annotations": {ANNOTATION: "r"},
    },
    "spec": {"large": "x" * 1_000},
    "status": {"conditions": [{"reason": "Failed", "status": "False", "message": "m"}, {}]},
}
KEPT = {
    "kind": "TaskRun",
    "metadata": {"namespace": "ns", "labels": {LABEL: "p"}, "annotations": {ANNOTATION: "r"}},
    "status": {"conditions": [{"reason": "Failed", "status": "False"}]},
}


def kept(payload: str, kind: Kind = Kind.TASK) -> str:
    return keeps(an_event(kind=kind, payload=payload)).payload


def test_an_object_keeps_what_summaries_are_made_of():
    assert json.loads(kept(json.dumps(WHOLE))) == KEPT
    assert kept(kept(json.dumps(WHOLE))) == kept(json.dumps(WHOLE))


@pytest.mark.parametrize(
    "sent",
    [
        *([], 1, None, "text", {}, {"kind": None}, {"kind": {"a": 1}}, {"metadata": "x"}),
        *({"status": {"conditions": []}}, {"status": {"conditions": "x"}}),
    ],
)
def test_what_is_not_there_is_not_kept(sent: Any):
    assert kept(json.dumps(sent)) == ""


@pytest.mark.parametrize("payload", ["", "{", "no JSON"])
def test_what_is_no_json_is_not_kept(payload: str):
    assert kept(payload) == ""


def test_a_result_keeps_nothing():
    assert kept(json.dumps(WHOLE), Kind.RESULT) == ""
