"""The documents as a whole: none is lost, no link is dead, no code in them is only claimed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.pages import BLOCK, ROOT, blocks

PAGES = sorted(
    page
    for pattern in ("*.md", "docs/**/*.md", "src/**/README.md", "contrib/**/*.md")
    for page in ROOT.glob(pattern)
)
LINK = re.compile(r"\]\(([^)\s]+)\)")
# Page -> kinds of blocks, and the tests that run each of them. What stands in a block of another
# kind is shown and not run: console is a session on somebody's machine.
RUN: dict[str, dict[str, str]] = {
    "README.md": {"sh": "tests/test_sources.py"},
    "docs/quickstart.md": {"sh": "tests/test_sources.py"},
    "docs/pytest.md": {"sh": "tests/test_sources.py", "sql": "tests/test_sources.py"},
    "docs/pipeline-metrics.md": {"sh": "tests/test_sources.py", "sql": "tests/test_sources.py"},
    "docs/trunk.md": {"sh": "tests/test_sources.py"},
    "docs/jenkins.md": {"sh": "tests/test_sources.py"},
    "docs/ets.md": {"sh": "tests/test_sources.py", "sql": "tests/test_sources.py"},
    "docs/tekton.md": {
        "sh": "tests/test_sources.py",
        "sql": "tests/test_sources.py",
        "python": "tests/test_docs.py",
    },
    "docs/sql.md": {"sh": "tests/pgwire/test_page.py", "python": "tests/pgwire/test_page.py"},
    "docs/questions.md": {
        "sh": "tests/test_questions_page.py",
        "sql": "tests/test_questions_page.py",
    },
    "docs/query.md": {
        "ask": "tests/test_query_page.py",
        "json": "tests/test_query_page.py",
        "text": "tests/test_query_page.py",
        "sh": "tests/test_query_page.py",
        "console": "tests/test_query_page.py",
    },
    "docs/filters.md": {
        "cel": "tests/test_docs.py",
        "cel-records": "tests/test_docs.py",
        "cel-results": "tests/test_docs.py",
        "text": "tests/test_docs.py",
        "sh": "tests/test_sources.py",
    },
    "docs/schema.md": {"sh": "tests/test_schema.py", "sql": "tests/test_schema.py"},
    "docs/native.md": {"sh": "tests/web/test_write.py", "python": "tests/web/test_write.py"},
    "docs/operate.md": {"sh": "tests/test_operate_page.py"},
    "docs/python.md": {"pycon": "tests/client/test_python_page.py"},
}
SHOWN = {"console", "text", "json"}  # and run nowhere, unless the table says so


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def links(page: Path) -> list[tuple[Path, str]]:
    """Where the links of a page lead within the project: a file, and a heading in it."""
    text = BLOCK.sub("", page.read_text("utf-8"))
    found = [target.partition("#") for target in LINK.findall(text) if "://" not in target]
    return [((page.parent / path).resolve() if path else page, place) for path, _, place in found]


def anchors(page: Path) -> set[str]:
    """What the headings of a page are called in links, as GitHub does it."""
    text = BLOCK.sub("", page.read_text("utf-8"))
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_page_is_reachable_from_the_readme():
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md" or not page.exists():
            continue
        reached.add(page)
        for target, _ in links(page):
            waiting += target.glob("*.md") if target.is_dir() else [target]
    assert [name_of(page) for page in PAGES if page not in reached] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_within_the_project_leads_somewhere(page: Path):
    dead = [
        f"{target}#{place}"
        for target, place in links(page)
        if not target.exists() or (place and place not in anchors(target))
    ]
    assert dead == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_block_of_code_is_run_or_marked_as_shown(page: Path):
    run = RUN.get(name_of(page), {})
    kinds = {block.language for block in blocks(page.read_text("utf-8"))}
    assert kinds <= run.keys() | SHOWN
    assert run.keys() <= kinds, "the table names what is not there"


def test_the_tests_that_run_blocks_read_these_pages():
    for page, kinds in RUN.items():
        for test in kinds.values():
            assert Path(page).stem in (ROOT / test).read_text("utf-8"), (page, test)
