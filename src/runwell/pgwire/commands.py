"""Statements that are no questions: the transaction that they are in, and the settings. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from runwell.pgwire import messages as wire
from runwell.pgwire.complaints import Complained
from runwell.pgwire.messages import Complaint
from runwell.pgwire.settings import Settings
from runwell.pgwire.statements import Kind, Statement, bare
from runwell.query import Column, Rows

IDLE, IN_TRANSACTION, FAILED = "I", "T", "E"
ALWAYS = {Kind.COMMIT, Kind.ROLLBACK, Kind.ROLLBACK_TO}  # what a failed transaction still takes


class Forgets(StrEnum):
    """What a session forgets when a command is done; else it is the name of a statement."""

    NOTHING = ""
    PORTALS = "all portals"
    STATEMENTS = "all statements"


@dataclass(frozen=True, slots=True)
class Done:
    """How a command is answered."""

    tag: str
    replies: list[bytes] = field(default_factory=list)
    forgets: Forgets = Forgets.NOTHING
    statement: str = ""  # the one to forget


class Commands:
    """The transaction and the settings of one session."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.status = IDLE

    @property
    def is_idle(self) -> bool:
        """Is there no transaction?"""
        return self.status == IDLE

    def fail(self) -> None:
        """A statement went wrong: a transaction takes no more of them."""
        if self.status == IN_TRANSACTION:
            self.status = FAILED

    def check(self, statement: Statement) -> None:
        """May it be run now? Raises Complained."""
        if self.status == FAILED and statement.kind not in ALWAYS | {Kind.EMPTY}:
            text = "current transaction is aborted, commands ignored until end of transaction block"
            raise Complained(Complaint("25P02", text))
        match statement.kind:
            case Kind.WRITE:
                text = f"cannot execute {statement.tag} in a read-only transaction"
                raise Complained(Complaint("25006", text))
            case Kind.CLOSED:
                raise Complained(Complaint("42501", f"{statement.tag} is closed here"))
            case Kind.MISSING:
                raise Complained(Complaint("0A000", f"{statement.tag} is not supported"))

    def show(self, statement: Statement) -> Rows:
        """SHOW. Raises Refused."""
        shown = self._settings.show(bare(statement.text))
        if statement.words[1:2] == ("ALL",):
            names = ("name", "setting", "description")
            rows = [(name, value, "") for name, value in shown]
            return Rows(tuple(Column(name, "VARCHAR") for name in names), list(rows))
        name, value = shown[0]
        return Rows((Column(name, "VARCHAR"),), [(value,)])

    def run(self, statement: Statement) -> Done:
        """What is no question. Raises Complained, Refused."""
        match statement.kind:
            case Kind.BEGIN:
                self.status = IN_TRANSACTION
            case Kind.COMMIT | Kind.ROLLBACK:
                tag = "ROLLBACK" if self.status == FAILED else statement.tag
                self.status = IDLE
                return Done(tag, forgets=Forgets.PORTALS)
            case Kind.ROLLBACK_TO | Kind.SAVEPOINT:
                if self.status == IDLE:
                    text = f"{statement.tag} can only be used in transaction blocks"
                    raise Complained(Complaint("25P01", text))
                self.status = IN_TRANSACTION
            case Kind.SET:
                return Done(statement.tag, self._set(statement))
            case Kind.RESET:
                self._settings.reset()
                is_all = statement.tag == "DISCARD ALL"
                return Done(
                    statement.tag, forgets=Forgets.STATEMENTS if is_all else Forgets.NOTHING
                )
            case Kind.DEALLOCATE:
                return _deallocate(statement)
        return Done(statement.tag)

    def _set(self, statement: Statement) -> list[bytes]:
        name, value, said = self._settings.set(bare(statement.text))
        replies = [wire.parameter_status(name, value)] if name else []
        return [*replies, wire.notice(said)] if said else replies


def _deallocate(statement: Statement) -> Done:
    if statement.tag.endswith("ALL"):
        return Done(statement.tag, forgets=Forgets.STATEMENTS)
    return Done(statement.tag, statement=bare(statement.text).split()[-1].strip('"'))


def has_rows(statement: Statement) -> bool:
    """Is it answered with rows?"""
    return statement.kind in (Kind.QUESTION, Kind.SHOW)
