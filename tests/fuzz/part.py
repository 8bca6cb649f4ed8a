"""Part of a campaign, as a program of its own: ask some operations and compare each answer.

It prints one JSON object: see `Found`. Without a seed the cases are always the same.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hypothesis
import schemathesis
from hypothesis import HealthCheck, Phase, Verbosity, given
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.transport import Response
from tests.fuzz import formats
from tests.fuzz.asked import Asked, Operation, asked_of
from tests.fuzz.inside import Inside, inside
from tests.fuzz.known import known_of

ALWAYS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
ACCEPTED = "positive_data_acceptance"
SHOWN = 600
FAILURES_MAX = 200


@dataclass
class Found:
    """What came of it: cases and answers by operation, statuses over all, and what is wrong."""

    cases: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    accepted: Counter[str] = field(default_factory=Counter)  # answers below 400, by operation
    seconds: Counter[str] = field(default_factory=Counter)  # asked, checked, and all
    failures: dict[str, dict[str, Any]] = field(default_factory=dict)  # the first of each kind

    def fail(self, what: str, asked: Asked, answer: str) -> None:
        """Keep the first failure of a kind at an operation, and count the others."""
        kind = f"{asked.label}: {answer[:3]} {what.splitlines()[0][:100]}"
        known = self.failures.get(kind)
        if known is not None:
            known["times"] += 1
        elif len(self.failures) < FAILURES_MAX:
            self.failures[kind] = {
                "what": what[:SHOWN],
                "request": str(asked)[:SHOWN],
                "answer": answer[:SHOWN],
                "times": 1,
            }


def run(app: Inside, cases: int, part: int, of: int, seed: int | None) -> Found:
    """The operations of this part, those that remove something last."""
    load_all_checks()
    formats.register()
    found, known = Found(), known_of(app)
    schema = schemathesis.openapi.from_dict(app.get("/-/openapi.json"))
    operations = [result.ok() for result in schema.get_all_operations()]
    operations.sort(key=lambda one: (one.method == "delete", -len(one.path)))
    began = time.perf_counter()
    for operation in operations[part::of]:
        settings = hypothesis.settings(
            max_examples=cases,
            derandomize=seed is None,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
            verbosity=Verbosity.quiet,
        )
        test = settings(given(asked_of(operation, known))(_asking(app, operation, found)))
        (test if seed is None else hypothesis.seed(seed)(test))()
    found.seconds["all"] = time.perf_counter() - began
    return found


def _asking(app: Inside, operation: Operation, found: Found) -> Callable[[Asked], None]:
    always = [CHECKS.get_one(name) for name in ALWAYS]
    accepted = CHECKS.get_one(ACCEPTED)

    def ask(asked: Asked) -> None:
        began = time.perf_counter()
        heard = app.ask(asked.method, asked.url, asked.headers, asked.body)
        answered = time.perf_counter()
        found.cases[asked.label] += 1
        found.statuses[heard.status] += 1
        if heard.status < 400:
            found.accepted[asked.label] += 1
        headers: dict[str, list[str]] = {}
        for name, text in heard.messages[0]["headers"]:
            headers.setdefault(name.decode(), []).append(text.decode("latin-1"))
        response = Response(heard.status, headers, heard.body, asked.request, 0.0, verify=True)
        for check in [*always, accepted] if asked.is_good else always:
            for problem in _problems(check, asked, response):
                found.fail(problem, asked, f"{heard.status} {heard.body!r}")
        found.seconds["asked"] += answered - began
        found.seconds["checked"] += time.perf_counter() - answered

    return ask


def _problems(check: Any, asked: Asked, response: Response) -> Iterator[str]:
    try:
        asked.case.validate_response(response, checks=[check])
    except FailureGroup as group:
        yield from map(str, group.exceptions)
    except Failure as failure:
        yield str(failure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=300)
    parser.add_argument("--part", type=int, default=0)
    parser.add_argument("--of", type=int, default=1)
    parser.add_argument("--seed", type=int)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, inside(Path(folder)) as app:
        found = run(app, options.cases, options.part, options.of, options.seed)
    json.dump(vars(found), sys.stdout)


if __name__ == "__main__":
    main()
