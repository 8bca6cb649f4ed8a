"""What the process, its files and its disk are like now, as samples for the metrics."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from platform import python_version

import apsw
import msgspec

from runwell import __version__
from runwell.observe import Sample

STAMP = "last-backup.json"  # in the data directory: when the last backup was made
PROC = Path("/proc/self")
STATM_RESIDENT = 1
STAT_BEHIND_NAME = 3  # number of the first field that follows the program's name in `stat`
STAT_START = 22  # ticks after the machine's start


class Stamp(msgspec.Struct, frozen=True):
    """What a data directory remembers of its last backup."""

    made: float  # Unix seconds
    bytes: int


def build() -> Sample:
    """Which versions these are."""
    labels = (
        ("version", __version__),
        ("python", python_version()),
        ("sqlite", apsw.sqlite_lib_version()),
        ("duckdb", version("duckdb")),
    )
    return "runwell_build_info", labels, 1.0


def files(ledger: Path, data: Path) -> Iterator[Sample]:
    """The ledger's files, the room beside them, and the last backup."""
    disk = os.statvfs(ledger.parent)
    yield "runwell_ledger_bytes", (), float(_size(ledger))
    yield "runwell_ledger_log_bytes", (), float(_size(ledger.with_name(f"{ledger.name}-wal")))
    yield "runwell_disk_free_bytes", (), float(disk.f_bavail * disk.f_frsize)
    if stamp := read_stamp(data):
        yield "runwell_last_backup_timestamp_seconds", (), stamp.made
        yield "runwell_last_backup_bytes", (), float(stamp.bytes)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def read_stamp(data: Path) -> Stamp | None:
    """When the newest backup of a data directory was made, as far as it knows."""
    try:
        return msgspec.json.decode((data / STAMP).read_bytes(), type=Stamp)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None


def process() -> Iterator[Sample]:
    """The process, by the names that every exporter has for it; without /proc only some."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    resident = float(resident_bytes())
    yield "process_cpu_seconds_total", (), used.ru_utime + used.ru_stime
    yield "process_max_fds", (), float(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    yield "process_resident_memory_bytes", (), resident
    yield "runwell_resident_memory_bytes", (), resident
    if PROC.exists():
        pages = (PROC / "statm").read_text("ascii").split()
        stat = (PROC / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        ticks = float(stat[STAT_START - STAT_BEHIND_NAME]) / os.sysconf("SC_CLK_TCK")
        began = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + ticks
        yield "process_open_fds", (), float(len(os.listdir(PROC / "fd")))  # noqa: PTH208 - a count
        yield "process_virtual_memory_bytes", (), float(pages[0]) * resource.getpagesize()
        yield "process_start_time_seconds", (), round(began, 2)


def resident_bytes() -> int:
    """Resident memory now (Linux), or at its highest where /proc is missing."""
    statm = PROC / "statm"
    if statm.exists():
        pages = int(statm.read_text("ascii").split()[STATM_RESIDENT])
        return pages * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
