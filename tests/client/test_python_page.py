"""docs/python.md: every example answers what it says."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

from tests.serving import Server

PAGE = Path(__file__).parents[2] / "docs" / "python.md"


def test_every_example_of_the_python_page_answers_what_it_says(tmp_path: Path, monkeypatch):
    page = PAGE.read_text("utf-8")
    examples = "\n".join(re.findall(r"```pycon\n(.*?)```", page, re.DOTALL))
    monkeypatch.chdir(tmp_path)
    with Server(tmp_path / "data") as server:
        text = examples.replace("http://127.0.0.1:8080", server.url)
        names: dict[str, object] = {}
        parser = doctest.DocTestParser()
        test = parser.get_doctest(text, names, PAGE.name, str(PAGE), 0)
        told: list[str] = []
        runner = doctest.DocTestRunner(verbose=False)
        found = runner.run(test, out=told.append, clear_globs=False)
        test.globs["client"].close()
    assert found.attempted > 25
    assert found.failed == 0, "".join(told)


def test_every_method_is_on_the_page():
    page = PAGE.read_text("utf-8")
    for name in ("summary", "series", "events", "sql", "export", "tail", "fields", "write"):
        assert f"client.{name}(" in page
    assert "client.relations()" in page
