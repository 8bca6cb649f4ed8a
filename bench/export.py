"""Exports of 1M events in each format: rows/s, and how much larger the server gets meanwhile."""

from __future__ import annotations

import http.client
import json
import shutil
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bench.events import fill
from bench.figure import Figure
from bench.serving import runwell

MIB = 2**20
GROWTH_MIB_MAX = 100
FORMATS = ("ndjson", "csv", "parquet", "arrow")
READ_AT_ONCE = 256 * 1024
# What the engine keeps of its file is bounded by `columns_memory_mib`: it is read before, once.
WARM = "SELECT bit_xor(hash(e)) FROM events e"


@dataclass
class Export:
    """One export, as its reader saw it."""

    seconds: float = 0.0
    bytes: int = 0
    resident_before: float = 0.0
    resident_most: float = 0.0


def figures(*, quick: bool, count: int | None = None) -> list[Figure]:
    count = count or (50_000 if quick else 1_000_000)
    folder = Path(tempfile.mkdtemp(prefix="runwell-bench-"))
    fill(folder, count)
    with runwell(folder) as url:  # with the stored paths of the protocols
        _until_ready(url)
    found = []
    for name in FORMATS:
        with runwell(folder) as url:
            _until_ready(url)
            _warm(url)
            export = _export(url, f"/-/api/export?format={name}")
        found += _figures(name, count, export)
    shutil.rmtree(folder)
    return found


def _figures(name: str, count: int, export: Export) -> list[Figure]:
    growth = export.resident_most - export.resident_before
    note = f"{export.bytes / MIB:,.0f} MiB; {export.resident_before:,.0f} MiB resident before"
    return [
        Figure(f"export as {name}, {count:,} events", count / export.seconds, "rows/s", note=note),
        Figure(
            f"growth of the server, {name}",
            growth,
            "MiB",
            target=f"<= {GROWTH_MIB_MAX} MiB",
            met=growth <= GROWTH_MIB_MAX,
        ),
    ]


def _until_ready(url: str) -> None:
    while True:
        try:
            urllib.request.urlopen(f"{url}/-/readyz", timeout=60).close()
        except OSError:
            time.sleep(0.2)
        else:
            return


def _warm(url: str) -> None:
    body = json.dumps({"sql": WARM}).encode()
    request = urllib.request.Request(f"{url}/-/api/sql", body)
    urllib.request.urlopen(request, timeout=60).close()


def _export(url: str, path: str) -> Export:
    found = Export(resident_before=_resident(url))
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    began = asked = time.perf_counter()
    connection.request("GET", path)
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    while chunk := answer.read(READ_AT_ONCE):
        found.bytes += len(chunk)
        if time.perf_counter() - asked > 0.1:
            found.resident_most = max(found.resident_most, _resident(url))
            asked = time.perf_counter()
    found.seconds = time.perf_counter() - began
    found.resident_most = max(found.resident_most, _resident(url))
    connection.close()
    return found


def _resident(url: str) -> float:
    with urllib.request.urlopen(f"{url}/-/metrics", timeout=60) as answer:
        lines = answer.read().decode().splitlines()
    value = next(line for line in lines if line.startswith("runwell_resident_memory_bytes"))
    return float(value.split()[-1]) / MIB
