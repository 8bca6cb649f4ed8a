"""What a session of PostgreSQL can be set to: SET, SHOW, RESET, what is told at first. Pure.

Clients set such things without asking whether it helps; here nothing of it changes an answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from runwell import __version__
from runwell.pgwire.messages import Complaint

VERSION = "15.0"  # whose catalog clients find here
SERVER_SETTINGS: Mapping[str, str] = {
    "server_version": VERSION,
    "server_version_num": "150000",
    "server_encoding": "UTF8",
    "client_encoding": "UTF8",
    "application_name": "",
    "default_transaction_read_only": "on",
    "in_hot_standby": "off",
    "is_superuser": "off",
    "session_authorization": "runwell",
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "integer_datetimes": "on",
    "standard_conforming_strings": "on",
    "search_path": '"$user", public',
    "transaction_isolation": "repeatable read",
    "transaction_read_only": "on",
    "transaction_deferrable": "off",
    "default_transaction_isolation": "repeatable read",
    "default_transaction_deferrable": "off",
    "max_identifier_length": "63",
    "max_index_keys": "32",
    "block_size": "8192",
    "data_checksums": "off",
    "lc_collate": "C.UTF-8",
    "lc_ctype": "C.UTF-8",
    "lc_messages": "C",
    "lc_monetary": "C",
    "lc_numeric": "C",
    "lc_time": "C",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "client_min_messages": "notice",
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
    "row_security": "on",
    "role": "none",
    "backslash_quote": "safe_encoding",
    "escape_string_warning": "on",
    "synchronous_commit": "on",
    "work_mem": "4096",
    "jit": "off",
    "geqo": "on",
    "plan_cache_mode": "auto",
    "xmloption": "content",
    "tcp_keepalives_idle": "0",
    "version": f"PostgreSQL {VERSION} (runwell {__version__})",
}
# Told at the start and whenever they change.
REPORTED = (
    *("server_version", "server_encoding", "client_encoding", "application_name"),
    *("default_transaction_read_only", "in_hot_standby", "is_superuser", "session_authorization"),
    *("DateStyle", "IntervalStyle", "TimeZone", "integer_datetimes", "standard_conforming_strings"),
)
# What may be set to these values and to no others, because an answer would have to change.
ONLY: Mapping[str, re.Pattern[str]] = {
    "client_encoding": re.compile(r"utf-?8|unicode|default|sql_ascii", re.IGNORECASE),
    "datestyle": re.compile(r"(?=.*iso|default).*|(?:mdy|dmy|ymd)", re.IGNORECASE),
    "intervalstyle": re.compile(r"postgres|default", re.IGNORECASE),
    "bytea_output": re.compile(r"hex|default", re.IGNORECASE),
    "standard_conforming_strings": re.compile(r"on|true|1|default", re.IGNORECASE),
}
# What tells about the server and cannot be set at all.
FIXED = frozenset(
    {"server_version", "server_version_num", "server_encoding", "integer_datetimes", "block_size"}
    | {"is_superuser", "max_identifier_length", "max_index_keys", "data_checksums", "version"}
    | {"in_hot_standby", "lc_collate", "lc_ctype"}
)
# What clients may want and only hear that it stays as it is.
STAYS = frozenset({"timezone", "transaction_read_only", "default_transaction_read_only"})
SPELLED = {name.lower(): name for name in SERVER_SETTINGS}
OWN_PREFIX = re.compile(r"[a-z_]\w*\.[a-z_]\w*")  # "myapp.user": anybody's own
VALUE_CHARS_MAX = 1_000

SET = re.compile(
    r"""SET\s+(?:SESSION\s+|LOCAL\s+)?
        (?P<name>TIME\s+ZONE|NAMES|ROLE|(?:SESSION\s+)?(?:CHARACTERISTICS|TRANSACTION|AUTHORIZATION)
          |[A-Za-z_]\w*(?:\.\w+)?|"[^"]+")
        \s*(?:=|\bTO\b|\s)\s*(?P<value>.*)""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
PHRASES = {
    "time zone": "timezone",
    "names": "client_encoding",
    "transaction isolation level": "transaction_isolation",
    "session authorization": "session_authorization",
}


class Refused(Exception):
    """A setting that is not there or cannot be so."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.complaint = Complaint(code, text)


class Settings:
    """The settings of one session."""

    def __init__(self) -> None:
        self._changed: dict[str, str] = {}

    def show(self, text: str) -> list[tuple[str, str]]:
        """`SHOW name`: the name and its value; `SHOW ALL`: each of them. Raises Refused."""
        asked = " ".join(text.split()[1:]).strip('"').lower()
        if asked == "all":
            return [(name, self._value(name)) for name in sorted(SERVER_SETTINGS)]
        name = SPELLED.get(PHRASES.get(asked, asked))
        if name is None and asked in self._changed:
            name = asked
        if name is None:
            raise _unknown(asked)
        return [(name, self._value(name))]

    def _value(self, name: str) -> str:
        return self._changed.get(name, SERVER_SETTINGS.get(name, ""))

    def set(self, text: str) -> tuple[str, str, Complaint | None]:
        """`SET name = value`: what is reported now, and what there is to say. Raises Refused."""
        match = SET.match(text)
        if match is None:
            raise Refused("42601", "syntax error in SET")
        name = " ".join(match["name"].lower().strip('"').split())
        value = match["value"]
        if name.endswith(("characteristics", "transaction", "role")):
            return "", "", None
        return self.put(PHRASES.get(name, name), value)

    def put(self, name: str, value: str) -> tuple[str, str, Complaint | None]:
        """Change one setting, as SET and the start-up message do. Raises Refused."""
        folded, value = name.lower(), _unquoted(value)
        spelled = SPELLED.get(folded)
        if spelled is None and not OWN_PREFIX.fullmatch(folded):
            raise _unknown(name)
        if folded in FIXED:
            raise Refused("55P02", f'parameter "{folded}" cannot be changed')
        if folded in ONLY and not ONLY[folded].fullmatch(value):
            raise Refused("22023", f'invalid value for parameter "{folded}" here: "{value[:80]}"')
        if folded in STAYS:
            assert spelled is not None
            stays = SERVER_SETTINGS[spelled]
            if value.lower() in (stays.lower(), "default", "etc/utc", "true"):
                return "", "", None
            text = f"{spelled} stays {stays}"
            return "", "", Complaint("01000", text, severity="WARNING")
        if folded in ONLY or spelled is None:  # of the ones nobody knows none is kept
            return "", "", None
        if spelled in REPORTED or value.lower() == "default":
            value = SERVER_SETTINGS[spelled] if value.lower() == "default" else value
        self._changed[spelled] = value[:VALUE_CHARS_MAX]
        return (spelled, self._changed[spelled], None) if spelled in REPORTED else ("", "", None)

    def reset(self) -> None:
        """Everything as at the start."""
        self._changed.clear()


def _unquoted(text: str) -> str:
    value = text.strip()
    return value[1:-1].replace("''", "'") if value[:1] == "'" == value[-1:] else value.strip('"')


def _unknown(name: str) -> Refused:
    return Refused("42704", f'unrecognized configuration parameter "{name[:80]}"')
