"""Tokens: shown once, kept as a hash, gone at once when revoked."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from runwell.tokens import SCOPES, BadTokens, Tokens, UnknownToken


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
