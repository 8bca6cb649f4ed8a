"""What docs/sql.md says to type is typed, and answers."""

from __future__ import annotations

import subprocess

from tests.pages import blocks, read
from tests.pgwire.serving import Serving

PAGE = read("docs/sql.md")


def test_psql_is_told_the_relations_and_rows_of_one(serving: Serving):
    (block,) = blocks(PAGE, "sh")
    text = block.text.replace("-p 5433", f"-w -X -p {serving.port}")
    done = subprocess.run(["bash", "-c", text], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "| metrics_pipeline" in done.stdout
    assert " test/project |    24 |           113" in done.stdout


def test_psycopg_gets_its_rows(serving: Serving):
    (block,) = blocks(PAGE, "python")
    names: dict = {}
    exec(block.text.replace("port=5433", f"port={serving.port}"), names)
    assert len(names["rows"]) == 24
