"""Tokens: shown once, kept as a hash, gone at once when revoked."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import runwell
from runwell.tokens import PATTERN, SCOPES, BadTokens, Lapse, Tokens, UnknownToken


def test_a_token_is_found_and_its_secret_is_not_kept(tmp_path: Path):
    tokens = Tokens(tmp_path)
    text = tokens.create("ci", ["read", "write"])

    found = tokens.find(text)
    assert (found.name, found.scopes) == ("ci", ["read", "write"])
    secret = text.split("_")[2]
    assert len(secret) == 64
    assert secret not in (tmp_path / "tokens.json").read_text()
    assert (tmp_path / "tokens.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "change", [lambda t: t[:-1], lambda t: "xx" + t[2:], lambda t: t + "0", str.upper]
)
def test_what_is_not_quite_a_token_is_none(tmp_path: Path, change):
    tokens = Tokens(tmp_path)
    text = tokens.create("ci", ["read"])
    assert tokens.find(change(text)) is None
    for other in ("", "_", "rw__", "rw_x_y", "\udcff", "é"):
        assert tokens.find(other) is None


def test_scopes_are_what_they_say_and_admin_is_all(tmp_path: Path):
    tokens = Tokens(tmp_path)
    reader, admin = (tokens.find(tokens.create("x", [scope])) for scope in ("read", "admin"))
    assert [reader.allows(scope) for scope in SCOPES] == [True, False, False]
    assert all(admin.allows(scope) for scope in SCOPES)


def test_a_revoked_token_is_gone_at_once_and_stays_listed(tmp_path: Path):
    tokens, elsewhere = Tokens(tmp_path), Tokens(tmp_path)
    assert tokens.is_open()
    first, second = tokens.create("ci", ["read"]), tokens.create("ci", ["read"])
    assert not elsewhere.is_open()
    assert elsewhere.find(first)

    (revoked,) = elsewhere.revoke(first.split("_")[1])
    assert revoked.name == "ci"
    assert tokens.find(first) is None
    assert tokens.find(second)
    assert [token.revoked is None for token in tokens.all()] == [False, True]
    tokens.revoke("ci")
    assert elsewhere.find(second) is None
    assert not tokens.is_open()
    with pytest.raises(UnknownToken):
        tokens.revoke("ci")


def test_a_change_is_seen_where_neither_the_clock_nor_the_inode_tells(tmp_path: Path):
    tokens, elsewhere = Tokens(tmp_path), Tokens(tmp_path)
    text = tokens.create("ci", ["read"])
    assert elsewhere.find(text)
    file = tmp_path / "tokens.json"
    before, old = file.stat(), file.read_bytes()
    tokens.revoke("ci")
    new = file.read_bytes()
    assert len(new) > len(old)
    held = tmp_path / "held"  # the same inode again, at the same time
    held.write_bytes(old)
    os.utime(held, ns=(before.st_atime_ns, before.st_mtime_ns))
    held.replace(file)
    assert elsewhere.find(text)
    file.write_bytes(new)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert elsewhere.find(text) is None


def test_nothing_is_revoked_or_made_where_there_is_nothing(tmp_path: Path):
    with pytest.raises(UnknownToken):
        Tokens(tmp_path / "nowhere").revoke("ci")
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b'[{"id": "\xff"}]', b'[{"id": 1}]'])
def test_nobody_is_let_in_by_a_file_that_cannot_be_read(content: bytes, tmp_path: Path):
    tokens = Tokens(tmp_path)
    text = tokens.create("ci", ["read"])
    (tmp_path / "tokens.json").write_bytes(content)
    for question in (tokens.is_open, tokens.all, lambda: tokens.find(text)):
        with pytest.raises(BadTokens, match=r"tokens.json cannot be read"):
            question()
    with pytest.raises(BadTokens):
        tokens.create("other", ["read"])
    assert (tmp_path / "tokens.json").read_bytes() == content


def test_processes_that_issue_at_the_same_time_lose_none(tmp_path: Path):
    code = f"from runwell.tokens import *; from pathlib import Path; t = Tokens(Path({str(tmp_path)!r}));"
    code += "[t.create('x', ['read']) for _ in range(10)]"
    running = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(4)]
    assert [process.wait(60) for process in running] == [0] * 4
    assert len(Tokens(tmp_path).all()) == 40


NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_a_token_counts_up_to_its_end_by_the_clock_on_the_wall(tmp_path: Path):
    moment = NOON
    tokens = Tokens(tmp_path, clock=lambda: moment)
    text = tokens.create("ci", ["read"], expires=NOON + timedelta(seconds=1))
    elsewhere = Tokens(tmp_path, clock=lambda: moment)
    assert elsewhere.find(text)
    moment = NOON + timedelta(seconds=1)
    assert tokens.find(text) is None
    assert elsewhere.find(text) is None
    assert elsewhere.known(text).lapse(moment) is Lapse.EXPIRED
    assert not tokens.is_open()
    moment = NOON
    assert tokens.find(text)
    tokens.revoke("ci")
    assert tokens.known(text).lapse(moment + timedelta(days=1)) is Lapse.REVOKED


def test_repositories_and_the_end_are_kept(tmp_path: Path):
    text = Tokens(tmp_path).create("ci", ["read"], repos=["acme/*", "x/y"], expires=NOON)
    found = Tokens(tmp_path).known(text)
    assert (found.repos, found.expires) == (("acme/*", "x/y"), NOON)
    assert Tokens(tmp_path).of_id(found.id) == found
    assert Tokens(tmp_path).of_id("other") is None


def test_a_file_of_a_version_before_is_read(tmp_path: Path):
    old = {"id": "a", "name": "ci", "scopes": ["read"], "secret_sha256": "x", "created": "then"}
    (tmp_path / "tokens.json").write_text(json.dumps([old]))
    (found,) = Tokens(tmp_path).all()
    assert (found.repos, found.expires, found.lapse(NOON)) == ((), None, None)


def test_a_token_looks_as_scanners_for_secrets_are_told(tmp_path: Path):
    texts = [Tokens(tmp_path).create("ci", ["read"]) for _ in range(20)]
    assert all(PATTERN.fullmatch(text) for text in texts)
    assert PATTERN.findall(f'x="{texts[0]}" {texts[1]},') == texts[:2]
    assert len(set(texts)) == 20
    page = Path(runwell.__file__).parents[2] / "docs" / "access.md"
    assert f"\n{PATTERN.pattern}\n" in page.read_text()


def test_what_was_closed_stays_closed_without_its_file(tmp_path: Path):
    fresh = Tokens(tmp_path)
    assert fresh.is_open()
    assert not Tokens(tmp_path, demanded=True).is_open()
    text = fresh.create("ci", ["read"])
    assert not fresh.is_open()
    (tmp_path / "tokens.json").unlink()
    assert not fresh.is_open()
    assert fresh.find(text) is None
    assert Tokens(tmp_path).is_open()  # another server, that never knew of it
    (tmp_path / "tokens.json").write_text("[]")
    assert not Tokens(tmp_path).is_open()


def test_the_files_are_nobody_elses_whatever_was_there(tmp_path: Path):
    for name in ("tokens.new", "tokens.lock"):
        (tmp_path / name).touch(0o666)
        (tmp_path / name).chmod(0o666)
    before = os.umask(0)
    try:
        Tokens(tmp_path).create("ci", ["read"])
    finally:
        os.umask(before)
    modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
    assert modes == {"tokens.json": 0o600, "tokens.lock": 0o600}


def test_a_revocation_is_on_disk_before_it_is_told(tmp_path: Path, monkeypatch):
    """The file before it takes its place, then the directory: else a power cut undoes it."""
    tokens, happened = Tokens(tmp_path), []
    fsync, replace = os.fsync, Path.replace

    def noted_fsync(descriptor: int) -> None:
        kind = "directory" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
        happened.append(f"sync {kind}")
        fsync(descriptor)

    def noted_replace(self: Path, target: Path) -> Path:
        happened.append("replace")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(Path, "replace", noted_replace)
    tokens.create("ci", ["read"])
    tokens.revoke("ci")
    assert happened == ["sync file", "replace", "sync directory"] * 2


def test_a_file_that_may_not_be_read_lets_nobody_in(tmp_path: Path):
    tokens = Tokens(tmp_path)
    text = tokens.create("ci", ["read"])
    (tmp_path / "tokens.json").unlink()
    (tmp_path / "tokens.json").mkdir()  # unreadable for root, too
    with pytest.raises(BadTokens):
        tokens.find(text)
