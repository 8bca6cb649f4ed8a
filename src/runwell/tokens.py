"""Issue, store and check tokens. Only hashes are kept; the file is read anew when it changes."""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hmac import compare_digest
from pathlib import Path
from typing import Literal, get_args

import msgspec

Scope = Literal["read", "write", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
PREFIX = "rw"


class Token(msgspec.Struct, frozen=True):
    """One token as it is kept. `secret_sha256` is enough: the secret has 256 random bits."""

    id: str
    name: str
    scopes: list[Scope]
    secret_sha256: str
    created: str
    revoked: str | None = None

    def allows(self, scope: Scope) -> bool:
        """`admin` allows everything."""
        return scope in self.scopes or "admin" in self.scopes


class UnknownToken(LookupError):
    """There is no such token."""


class BadTokens(RuntimeError):
    """The file of tokens cannot be read: nobody is let in until it can."""


class Tokens:
    """The tokens of one data directory, in `tokens.json`."""

    def __init__(self, data: Path) -> None:
        self._file = data / "tokens.json"
        self._path = str(self._file)
        self._stamp: tuple[int, int, int] | None = None
        self._tokens: dict[str, Token] = {}

    def all(self) -> list[Token]:
        """Every token that was ever issued, oldest first. Raises BadTokens."""
        self._refresh()
        return list(self._tokens.values())

    def is_open(self) -> bool:
        """No token was ever issued: everybody may do everything."""
        self._refresh()
        return not self._tokens

    def find(self, text: str) -> Token | None:
        """The valid token that this text is, if it is one."""
        self._refresh()
        prefix, _, rest = text.partition("_")
        id_, _, secret = rest.partition("_")
        token = self._tokens.get(id_)
        digest = hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
        known = token.secret_sha256 if token else ""
        if not compare_digest(known, digest) or token is None or prefix != PREFIX:
            return None
        return None if token.revoked else token

    def create(self, name: str, scopes: list[Scope]) -> str:
        """Issue a token and give its text, which is shown this once only."""
        id_, secret = secrets.token_hex(6), secrets.token_hex(32)
        digest = hashlib.sha256(secret.encode()).hexdigest()
        with self._changing():
            self._tokens[id_] = Token(id_, name, scopes, digest, _now())
        return f"{PREFIX}_{id_}_{secret}"

    def revoke(self, id_or_name: str) -> list[Token]:
        """Revoke by id, or every valid token of a name. Raises UnknownToken if there is none."""
        if self.is_open():  # and no directory is made for nothing
            raise UnknownToken(id_or_name)
        with self._changing():
            found = [
                token
                for token in self._tokens.values()
                if id_or_name in (token.id, token.name) and not token.revoked
            ]
            if not found:
                raise UnknownToken(id_or_name)
            for token in found:
                self._tokens[token.id] = msgspec.structs.replace(token, revoked=_now())
        return found

    def _refresh(self) -> None:
        try:
            status = os.stat(self._path)  # noqa: PTH116 - at every request: half the time of Path.stat
        except FileNotFoundError:
            self._tokens, self._stamp = {}, None
            return
        # Every change makes the file longer: the size tells what a coarse clock and a reused inode
        # may not.
        stamp = (status.st_size, status.st_mtime_ns, status.st_ino)
        if stamp != self._stamp:
            try:
                tokens = msgspec.json.decode(self._file.read_bytes(), type=list[Token])
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise BadTokens(f"{self._file} cannot be read: {error}") from error
            self._tokens, self._stamp = {token.id: token for token in tokens}, stamp

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Read, let the caller change, write a new file and put it in place: never half a file."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._refresh()
            yield
            new = self._file.with_suffix(".new")
            descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(msgspec.json.format(msgspec.json.encode(list(self._tokens.values()))))
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._file)
            self._stamp = None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
