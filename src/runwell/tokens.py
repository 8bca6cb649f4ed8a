"""Issue, store and check tokens. Only hashes are kept; the file is read anew when it changes."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from hmac import compare_digest
from pathlib import Path
from typing import Literal, get_args

import msgspec

from runwell.folders import make_folder, sync_folder

Scope = Literal["read", "write", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
PREFIX = "rw"
# What scanners for leaked secrets look for; docs/access.md promises it.
PATTERN = re.compile(r"\brw_[0-9a-f]{12}_[0-9a-f]{64}\b")
PRIVATE = 0o600


class Lapse(StrEnum):
    """Why a token does not count any more."""

    REVOKED = "revoked"
    EXPIRED = "expired"


class Token(msgspec.Struct, frozen=True):
    """One token as it is kept. `secret_sha256` is enough: the secret has 256 random bits."""

    id: str
    name: str
    scopes: list[Scope]
    secret_sha256: str
    created: str
    revoked: str | None = None
    expires: datetime | None = None  # from then on it does not count; None: never
    repos: tuple[str, ...] = ()  # globs of the repositories that it is bound to; none: all

    def lapse(self, now: datetime) -> Lapse | None:
        """Why it does not count at this time, if it does not."""
        if self.revoked:
            return Lapse.REVOKED
        return Lapse.EXPIRED if self.expires is not None and self.expires <= now else None

    def allows(self, scope: Scope) -> bool:
        """`admin` allows everything."""
        return scope in self.scopes or "admin" in self.scopes


class UnknownToken(LookupError):
    """There is no such token."""


class BadTokens(RuntimeError):
    """The file of tokens cannot be read: nobody is let in until it can."""


def now() -> datetime:
    """The time of day, which is what expiries are judged by."""
    return datetime.now(UTC)


class Tokens:
    """The tokens of one data directory, in `tokens.json`.

    Where that file was seen once, nobody gets in without a token any more, also if it is gone;
    `demanded`: from the beginning.
    """

    def __init__(
        self, data: Path, *, demanded: bool = False, clock: Callable[[], datetime] = now
    ) -> None:
        self._file = data / "tokens.json"
        self._path = str(self._file)
        self._clock = clock
        self._is_demanded = demanded
        self._stamp: tuple[int, int, int] | None = None
        self._tokens: dict[str, Token] = {}

    def all(self) -> list[Token]:
        """Every token that was ever issued, oldest first. Raises BadTokens."""
        self._refresh()
        return list(self._tokens.values())

    def is_open(self) -> bool:
        """No token was ever issued: everybody may do everything."""
        self._refresh()
        return not self._is_demanded

    def find(self, text: str) -> Token | None:
        """The token that this text is, if it counts now."""
        token = self.known(text)
        return token if token is not None and self.lapse_of(token) is None else None

    def known(self, text: str) -> Token | None:
        """The token that this text is, whether or not it counts any more."""
        self._refresh()
        prefix, _, rest = text.partition("_")
        id_, _, secret = rest.partition("_")
        token = self._tokens.get(id_)
        digest = hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
        known = token.secret_sha256 if token else ""
        return token if compare_digest(known, digest) and prefix == PREFIX else None

    def of_id(self, id_: str) -> Token | None:
        """The token of this id as it is now."""
        self._refresh()
        return self._tokens.get(id_)

    def lapse_of(self, token: Token) -> Lapse | None:
        """Why a token does not count now, if it does not."""
        return token.lapse(self._clock())

    def create(
        self,
        name: str,
        scopes: list[Scope],
        *,
        repos: Sequence[str] = (),
        expires: datetime | None = None,
    ) -> str:
        """Issue a token and give its text, which is shown this once only."""
        id_, secret = secrets.token_hex(6), secrets.token_hex(32)
        digest = hashlib.sha256(secret.encode()).hexdigest()
        with self._changing():
            self._tokens[id_] = Token(
                id_, name, scopes, digest, _stamp(), expires=expires, repos=tuple(repos)
            )
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
                self._tokens[token.id] = msgspec.structs.replace(token, revoked=_stamp())
        return found

    def _refresh(self) -> None:
        try:
            status = os.stat(self._path)  # noqa: PTH116 - at every request: half the time of Path.stat
            # Every change makes the file longer: the size tells what a coarse clock and a reused
            # inode may not.
            stamp = (status.st_size, status.st_mtime_ns, status.st_ino)
            if stamp == self._stamp:
                return
            tokens = msgspec.json.decode(self._file.read_bytes(), type=list[Token])
        except FileNotFoundError:
            self._tokens, self._stamp = {}, None
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BadTokens(f"{self._file} cannot be read: {error}") from error
        else:
            self._tokens, self._stamp = {token.id: token for token in tokens}, stamp
            self._is_demanded = True

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Read, let the caller change, write a new file and put it in place: never half a file."""
        make_folder(self._file.parent)
        with os.fdopen(_open_private(self._file.with_suffix(".lock")), "wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._refresh()
            yield
            new = self._file.with_suffix(".new")
            with os.fdopen(_open_private(new), "wb") as file:
                file.write(msgspec.json.format(msgspec.json.encode(list(self._tokens.values()))))
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._file)
            # else a power cut may bring the file before back, and a revoked token with it
            sync_folder(self._file.parent)
            self._stamp = None


def _open_private(file: Path) -> int:
    """An empty file that nobody else may read, also if it was there."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE)
    os.fchmod(descriptor, PRIVATE)
    return descriptor


def _stamp() -> str:
    return now().isoformat(timespec="seconds")
