"""Every setting: its type, its default and one line of documentation.

Read once, in this order: defaults < TOML file < environment (`RUNWELL_NAME`) < command-line flags.
"""

from __future__ import annotations

import ipaddress
import math
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

MIB = 1024 * 1024


class BadSetting(ValueError):
    """A setting has no meaning; the message names it, where it came from and what it takes."""


def setting(default: Any, doc: str, choices: tuple[str, ...] = ()) -> Any:
    """One setting: its default and its line of documentation."""
    return field(default=default, metadata={"doc": doc, "choices": choices})


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The settings of one server. Units stand last in the name."""

    host: str = setting("127.0.0.1", "address to listen on")
    port: int = setting(8080, "TCP port to listen on; 0 picks a free one")
    pg_port: int = setting(
        -1, "TCP port for PostgreSQL clients to read SQL; 0 picks a free one; -1: none"
    )
    data: str = setting("data", "directory that holds the ledger, the columns and the tokens")
    ledger: str = setting("", "ledger URL; empty: sqlite:///DATA/ledger.sqlite")
    columns: str = setting("", "columns URL; empty: duckdb:///DATA/columns.duckdb")
    open: bool = setting(default=False, doc="listen beyond loopback although no token exists")
    allowed_hosts: str = setting(
        "", "other names that requests may call this server by, comma separated"
    )
    log_level: str = setting(
        "info", "least severe log line to print", choices=("debug", "info", "warning", "error")
    )
    log_format: str = setting(
        "auto",
        "how log lines look: auto is text on a terminal, JSON elsewhere",
        choices=("auto", "text", "json"),
    )
    slow_question_seconds: float = setting(
        2.0, "a question that takes longer is logged with its text; 0: none"
    )

    body_bytes_max: int = setting(16 * MIB, "largest request body on the wire")
    inflated_bytes_max: int = setting(64 * MIB, "largest request body after gzip is undone")
    depth_max: int = setting(64, "deepest nesting of a JSON body")
    body_seconds_max: float = setting(
        30.0, "a body must be here by then, unless it keeps the rate below"
    )
    body_rate_min: int = setting(1024, "bytes per second that a slower body must keep")
    bodies_bytes_max: int = setting(
        64 * MIB, "bytes of all large bodies that are held at once before 503"
    )
    url_bytes_max: int = setting(8192, "longest path plus query string")
    header_bytes_max: int = setting(32768, "largest sum of request header names and values")
    headers_max: int = setting(256, "most request headers")
    header_seconds_max: float = setting(
        10.0, "the headers of a request must be here by then, from the connection or first byte on"
    )
    events_per_request_max: int = setting(10_000, "most events that one request may bring")
    tags_per_event_max: int = setting(128, "most tags on one event")
    tag_key_chars_max: int = setting(128, "longest tag key")
    tag_value_bytes_max: int = setting(8192, "largest tag value")
    page_max: int = setting(10_000, "most rows on one page of a list")

    requests_max: int = setting(1_000, "requests that may be under way with their body before 503")
    wait_ms_max: int = setting(
        500, "a request that would wait longer than this, for its turn or a commit, is answered 503"
    )
    queue_events_max: int = setting(50_000, "writes that may wait for a commit before 503")
    queue_bytes_max: int = setting(
        64 * MIB, "bytes of payload that may wait for a commit before 503"
    )
    commit_events_max: int = setting(2_000, "most writes in one commit")
    free_bytes_min: int = setting(
        100 * MIB, "with less free disk, or less than 1 % of it, writes get 503; 0: never"
    )
    projector_rows_max: int = setting(
        5_000, "most ledger changes in one transaction on the columns"
    )
    projector_delay_ms: int = setting(
        250, "how long changes may gather before the columns get them unasked"
    )
    visible_seconds_max: float = setting(
        5.0, "how long a question waits for what was acknowledged before it"
    )
    query_seconds_max: float = setting(10.0, "a question that takes longer is interrupted")
    query_threads: int = setting(2, "questions that run at the same time")
    query_waiting_max: int = setting(64, "questions that may wait for a thread before 503")
    lookups_waiting_max: int = setting(
        1_000, "single events that may wait to be read by their key before 503"
    )
    answer_bytes_max: int = setting(64 * MIB, "most bytes of texts and tags in one list of events")
    streams_max: int = setting(4, "lists and exports that are streamed at the same time, then 503")
    stream_rows: int = setting(5_000, "most events that a stream asks for in one question")
    stream_bytes: int = setting(4 * MIB, "how many bytes a stream tries to ask for in one question")
    stream_patience_seconds: float = setting(
        30.0, "how long a stream under way waits for a server that is overloaded"
    )
    stall_seconds_max: float = setting(
        60.0, "a client that takes nothing of its answer for so long loses it"
    )
    tails_max: int = setting(20, "clients that follow new events at the same time, then 503")
    tail_interval_ms: int = setting(250, "how long changes may gather before a tail asks for them")
    tail_heartbeat_seconds: float = setting(15.0, "a tail without events says so after this")
    sql_rows_max: int = setting(10_000, "most rows that one SQL question answers")
    sql_bytes_max: int = setting(16 * MIB, "most bytes that one SQL question answers")
    sql_text_bytes_max: int = setting(65_536, "longest SQL question")
    columns_memory_mib: int = setting(
        1024,
        "memory that the embedded columns may use for questions, and beyond it as much on the disk",
    )
    columns_threads: int = setting(2, "threads of the embedded columns")

    keep_alive_seconds: int = setting(75, "an idle connection is closed after this")
    drain_seconds_max: int = setting(8, "how long a stopping server waits for requests under way")
    connections_max: int = setting(2_000, "connections beyond this are answered 503")
    pipelined_max: int = setting(
        64, "requests that may wait on one connection for the answers to those before them"
    )
    untaken_bytes_max: int = setting(
        128 * MIB, "bytes of answers that wait for their clients; beyond, who takes least loses its"
    )

    pg_connections_max: int = setting(
        100, "connections of PostgreSQL clients beyond this are refused with 53300"
    )
    pg_startup_seconds_max: float = setting(
        10.0, "a PostgreSQL client must have said who it is by then"
    )
    pg_message_bytes_max: int = setting(MIB, "largest message of a PostgreSQL client")
    pg_statements_max: int = setting(
        1_000, "most prepared statements that a PostgreSQL connection keeps"
    )
    pg_statement_bytes_max: int = setting(
        4 * MIB, "most characters of prepared statements that a PostgreSQL connection keeps"
    )
    pg_portals_max: int = setting(
        8, "most portals, with the answers they hold, that a PostgreSQL connection keeps"
    )

    default_timezone: str = setting("UTC", "zone of times that come without one (an IANA name)")
    pipeline_metrics_key: str = setting(
        "global", "what makes a pipeline_id unique", choices=("global", "project")
    )
    main_refs: str = setting("master,main", "refs that count as the main branch, comma separated")
    stale_after_hours: float = setting(
        24.0, "a run without an end becomes `stale` after so long; 0: never. Its end may still come"
    )
    retention: str = setting(
        "",
        "how long events are kept, the first rule that fits: `pytest_monitor/test=30d, "
        "ets/*=90d drop, */*=1y`; what is older is rolled up, or dropped; empty: all is kept",
    )
    rollup_tags: str = setting(
        "team,env,branch,type,service,author,is_main,has_restarts,item_kind,item,item_path,"
        "tekton.dev/pipelineTask",
        "tags that stay in roll-ups, comma separated; *: all",
    )
    retention_interval_minutes: float = setting(
        60.0, "how often events at the end of their time are looked for"
    )
    retention_memory_days: float = setting(
        30.0, "how long a removed event is known, so that a repeat of it does not count twice"
    )
    trunk_allowed_hosts: str = setting(
        "", "hosts that repo.host may name, comma separated; empty: any"
    )
    trunk_branch_from_name: bool = setting(
        default=False, doc="take the branch of a Jenkins multibranch run from its sequence's name"
    )
    ets_date_order: str = setting(
        "mdy", "what 12/05/16 means in an ETS time", choices=("mdy", "dmy", "ymd")
    )
    ets_insert_default: bool = setting(
        default=True, doc="whether a merge into an unknown ETS event stores it unless it says"
    )
    pytest_monitor_page: int = setting(
        500, "rows on a page of the pytest-monitor API unless per_page says"
    )

    @property
    def data_dir(self) -> Path:
        """The data directory as a path."""
        return Path(self.data)

    @property
    def zone(self) -> ZoneInfo:
        """`default_timezone` as a zone."""
        return ZoneInfo(self.default_timezone)

    @property
    def allowed_names(self) -> frozenset[str]:
        """`allowed_hosts` as a set, in small letters."""
        return frozenset(map(str.lower, _names(self.allowed_hosts)))

    @property
    def demands_token(self) -> bool:
        """Does nobody get in without a token, even while there is none?"""
        return not (self.open or is_loopback(self.host))

    @property
    def main_ref_names(self) -> frozenset[str]:
        """`main_refs` as a set."""
        return _names(self.main_refs)

    @property
    def trunk_hosts(self) -> frozenset[str]:
        """`trunk_allowed_hosts` as a set."""
        return _names(self.trunk_allowed_hosts)

    @property
    def rollup_tag_names(self) -> frozenset[str]:
        """`rollup_tags` as a set."""
        return _names(self.rollup_tags)


def is_loopback(host: str) -> bool:
    """Is this an address that is only reachable from this machine, or the name of it?"""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _names(text: str) -> frozenset[str]:
    return frozenset(name.strip() for name in text.split(",") if name.strip())


SETTINGS = {item.name: item for item in fields(Config)}


def changed(config: Config) -> dict[str, Any]:
    """The settings that are not at their defaults."""
    now = {name: getattr(config, name) for name in SETTINGS}
    return {name: value for name, value in now.items() if value != SETTINGS[name].default}


def load(
    flags: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    toml_file: Path | None = None,
) -> Config:
    """Read the settings from every source and check them.

    Raises:
        BadSetting: an unknown name, or a value that does not fit.
    """
    values = _from_toml(toml_file) if toml_file else {}
    values |= _from_environment(os.environ if environment is None else environment)
    for name, value in (flags or {}).items():
        if value is not None:
            values[name] = _parse(name, value, f"--{name.replace('_', '-')}")
    return Config(**values)


def _from_toml(file: Path) -> dict[str, Any]:
    try:
        table = tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BadSetting(f"cannot read {file}: {error}") from error
    return {name: _parse(name, value, str(file)) for name, value in table.items()}


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    found = {name: environment.get(f"RUNWELL_{name.upper()}") for name in SETTINGS}
    return {
        name: _parse(name, value, f"RUNWELL_{name.upper()}")
        for name, value in found.items()
        if value is not None
    }


TRUTHS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def _parse(name: str, value: Any, origin: str) -> Any:
    if name not in SETTINGS:
        raise BadSetting(
            f"{origin}: there is no setting {name!r}; `runwell serve --help` lists them"
        )
    wanted: type = type(SETTINGS[name].default)
    try:
        parsed = _convert(value, wanted)
    except (TypeError, ValueError, KeyError) as error:
        raise BadSetting(f"{origin}: {name} takes {wanted.__name__}, not {value!r}") from error
    if problem := _problem(name, parsed):
        raise BadSetting(f"{origin}: {name} {problem}, not {value!r}")
    return parsed


def _convert(value: Any, wanted: type) -> Any:
    if not isinstance(value, str | int | float):  # a TOML list, table or date
        raise TypeError
    text = str(value).strip()
    return TRUTHS[text.lower()] if wanted is bool else wanted(text)


MAY_BE_ZERO = {
    "port",
    "projector_delay_ms",
    "query_waiting_max",
    "lookups_waiting_max",
    "tail_interval_ms",
    "stale_after_hours",
    "slow_question_seconds",
    "free_bytes_min",
    "retention_memory_days",
}
LEAST = {"pg_port": -1}
PORT_MAX = 65_535


def _problem(name: str, value: Any) -> str:
    """What a value of the right type must be, if it is not."""
    choices = SETTINGS[name].metadata["choices"]
    if choices and value not in choices:
        return f"is one of {', '.join(choices)}"
    if isinstance(value, int | float) and not isinstance(value, bool):
        least = LEAST.get(name, 0 if name in MAY_BE_ZERO else 1)
        if not least <= value < math.inf:
            return f"is a number of at least {least}"
    if name in ("port", "pg_port") and value > PORT_MAX:
        return f"is at most {PORT_MAX}"
    if name == "default_timezone" and not _is_zone(value):
        return "is an IANA name like Europe/Berlin"
    return ""


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
