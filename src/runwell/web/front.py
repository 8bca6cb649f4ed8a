"""The front page: which protocols are spoken here, what has come in, where to ask."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from runwell.errors import NotFound
from runwell.filter import Field
from runwell.http import Answer, Call, Endpoint
from runwell.protocols.base import Protocol, Services
from runwell.query import Rows, Summary
from runwell.web.parameters import EVENTS

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>runwell</title>
<meta name="viewport" content="width=device-width">
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 3rem auto; padding: 0 1rem;
        color-scheme: light dark; }}
table {{ border-collapse: collapse; width: 100% }}
td, th {{ text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #8884 }}
td.n {{ text-align: right; font-variant-numeric: tabular-nums }}
</style></head><body>
<h1>runwell</h1>
<p>One store for CI telemetry. {total} events so far.</p>
<table><thead><tr><th>protocol</th><th>addresses</th><th>events</th></tr></thead>
<tbody>{rows}</tbody></table>
<p>Ask: <a href="/-/api/summary?group_by=source">summary</a> ·
<a href="/-/api/series?bucket=week&amp;group_by=source">by week</a> ·
<a href="/-/api/events?limit=20">newest events</a> · <a href="/-/api/fields">what can be asked</a> ·
<a href="/-/openapi.json">every route</a> · <a href="/-/metrics">metrics</a></p>
</body></html>
"""
HTML = "text/html; charset=utf-8"
SECURITY = (
    (
        "content-security-policy",
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
)


def endpoints(services: Services, protocols: Sequence[Protocol]) -> list[Endpoint]:
    """The routes of this file."""

    async def front_page(call: Call) -> Answer:
        if _wants_json(call.headers.get("accept", "")):  # no browser: there is nothing here
            raise NotFound
        rows = await services.run(Summary(("total",), (Field("source"),), EVENTS))
        return Answer(200, _render(rows, protocols).encode(), HTML, SECURITY)

    return [
        Endpoint(
            method="GET",
            path="/",
            handle=front_page,
            scope="read",
            summary="The front page.",
            answers={200: None},
            refuses=(NotFound(),),
            media=(HTML,),
        )
    ]


def _wants_json(accept: str) -> bool:
    return "application/json" in accept and "html" not in accept


def _render(rows: Rows, protocols: Sequence[Protocol]) -> str:
    counts = dict(rows.rows)
    known = {protocol.name: (protocol.title, protocol.claims) for protocol in protocols}
    others = {name: (name, ("/-/api/events",)) for name in counts if name not in known}
    lines = [
        f"<tr><td>{escape(title)}</td><td>{'<br>'.join(map(escape, claims))}</td>"
        f'<td class="n">{counts.get(name, 0):,}</td></tr>'
        for name, (title, claims) in (known | others).items()
    ]
    return PAGE.format(total=f"{sum(counts.values()):,}", rows="".join(lines))
