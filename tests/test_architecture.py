"""The shape that ARCHITECTURE.md promises: who may import whom, no imports in functions, no clashes."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from tests.apps import play

import runwell
from runwell.http.gate import claims_of, mount
from runwell.http.router import RouteClash
from runwell.protocols.base import Services, discover

ROOT = Path(runwell.__file__).parent
# package or module -> what of ours it may import; config, observe and errors are open to all
OPEN = {"config", "errors", "observe"}
MAY_IMPORT = {
    "errors": set(),
    "config": set(),
    "observe": set(),
    "model": set(),
    "clock": set(),
    "folders": set(),
    "tokens": {"folders"},
    "filter": {"model"},
    "query": {"model", "filter"},
    "store": {"folders", "model", "filter", "query"},
    "room": set(),
    "ingest": {"room", "clock", "model", "store.ledger.base"},
    "lookups": {"model", "store.ledger.base"},
    "questions": {"query", "store.columns.base", "store.projector"},
    "reach": {"filter", "model", "query"},
    "access": {"model", "query", "reach", "tokens"},
    "http": {"access", "tokens", "protocols.base"},
    "streams": set(),
    "protocols.base": {"filter", "http", "model", "query", "streams"},
    "protocols": {"model", "filter", "query", "http", "family", "protocols.base"},
    "family": {"filter", "query"},
    "stale": {"clock", "filter", "model", "query"},
    "retention": {"clock", "filter", "model", "query"},
    "web": {"model", "filter", "query", "http", "family", "streams", "protocols.base"},
    "pgwire": {"access", "query", "questions", "tokens", "store.catalog", "store.columns.base"},
    "client": set(),
    "demo": {"client"},
    "cli": {"tokens"},
    "datadir": {"folders", "model", "query", "protocols.base", "store"},
    "filesystem": set(),
    "app": {"everything"},
    "server": {"app", "http.connection", "tokens"},
    "doctor": {
        "datadir",
        "filesystem",
        "query",
        "store.columns",
        "store.ledger.base",
        "store.ledger.opening",
        "protocols.base",
        "tokens",
    },
    "tidying": {"app", "datadir", "model", "protocols.base", "query", "retention", "store"},
    "vitals": set(),
    "backup": {"datadir", "folders", "store.ledger", "vitals"},
    "restore": {"datadir", "folders", "backup", "vitals", "model", "store.ledger", "store.columns"},
    "saving": {"backup", "restore"},
    "__main__": {"cli"},
}
FILES = sorted(ROOT.rglob("*.py"))


def module_of(file: Path) -> str:
    parts = list(file.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(file: Path) -> set[str]:
    """Modules of ours that a file imports, without the leading `runwell.`."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        found |= {name.removeprefix("runwell.") for name in names if name.startswith("runwell.")}
    return found


def room_of(module: str) -> str:
    return module if module in MAY_IMPORT else module.split(".", maxsplit=1)[0]


def is_allowed(module: str, imported: str) -> bool:
    room, wanted = room_of(module), room_of(imported)
    allowed = MAY_IMPORT[room] | OPEN
    if room == "protocols" and wanted == "protocols":  # its own folder only
        return module.split(".")[:2] == imported.split(".")[:2] or imported == "protocols.base"
    if "everything" in allowed or room == wanted:
        return True
    return any(imported == name or imported.startswith(f"{name}.") for name in allowed)


@pytest.mark.parametrize("file", FILES, ids=module_of)
def test_a_file_imports_only_what_its_room_may(file: Path):
    module = module_of(file)
    known = {module_of(other) for other in FILES}
    wrong = [
        imported
        for imported in imports_of(file)
        if (imported in known or imported.rsplit(".", 1)[0] in known)
        and imported not in (module, module.rpartition(".")[0])  # itself, its own package
        and not is_allowed(module, imported if imported in known else imported.rsplit(".", 1)[0])
    ]
    assert wrong == [], f"{file.relative_to(ROOT.parent)} may not import {wrong}"


def test_the_import_test_can_fail():
    assert not is_allowed("protocols.pytest_monitor.routes", "protocols.pipeline_metrics.wire")
    assert not is_allowed("protocols.pytest_monitor.routes", "store.ledger.sqlite")
    assert not is_allowed("model.event", "store")
    assert not is_allowed("filter.match", "query")
    assert is_allowed("protocols.pytest_monitor.routes", "protocols.pytest_monitor.wire")


@pytest.mark.parametrize("file", FILES, ids=module_of)
def test_no_function_imports(file: Path):
    tree = ast.parse(file.read_text("utf-8"))
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    inner = [
        n for f in functions for n in ast.walk(f) if isinstance(n, ast.Import | ast.ImportFrom)
    ]
    assert inner == []


@pytest.mark.parametrize("file", FILES, ids=module_of)
def test_a_file_says_what_it_is_and_stays_readable(file: Path):
    text = file.read_text("utf-8")
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "the first line says what is here"
    assert len(text.splitlines()) <= 400
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno - node.lineno <= 62, node.name


def test_sql_stands_only_under_store_and_in_views():
    words = ("SELECT ", "INSERT INTO", "DELETE FROM", "UPDATE event")
    outside = {
        str(file.relative_to(ROOT))
        for file in FILES
        if "store" not in file.parts and any(word in file.read_text("utf-8") for word in words)
    }
    # they name what they take or refuse, and the tag of a finished command
    assert outside <= {"web/sql.py", "errors.py", "pgwire/session.py"}


def test_protocols_have_the_same_files():
    for protocol in discover():
        folder = ROOT / "protocols" / protocol.name
        names = {item.name for item in folder.iterdir()}
        assert {
            "__init__.py",
            "wire.py",
            "translate.py",
            "native.py",
            "routes.py",
            "README.md",
            "examples",
        } <= names


def test_translation_is_pure():
    forbidden = {"asyncio", "datetime.now", "open(", "time.time", "Path("}
    for file in ROOT.glob("protocols/*/translate.py"):
        text = file.read_text("utf-8")
        assert [word for word in forbidden if word in text] == [], file


def test_every_route_is_claimed_once(tmp_path: Path):
    async def scenario(app, _client):
        claims = claims_of(app.mounted)
        assert {"/", "/-", "/save_metrics", "/api/v1/metrics", "/v1/metrics", "/event"} <= set(
            claims
        )
        for item in app.mounted:
            assert item.endpoints

    play(tmp_path, scenario)


def test_two_protocols_with_one_path_are_refused(tmp_path: Path):
    async def scenario(app, _client):
        services: Services = app.services
        ours = [mount(p, p.endpoints(services)) for p in discover()]
        with pytest.raises(RouteClash, match="is claimed by trunk and by trunk"):
            claims_of([*ours, ours[-1]])

    play(tmp_path, scenario)
