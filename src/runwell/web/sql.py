"""`POST /-/api/sql`: one SELECT over the documented relations."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal

import msgspec

from runwell.config import Config
from runwell.errors import BadBody, BadParameter, BadQuery, TooLarge
from runwell.http import Answer, Call, Endpoint, Parameter, json_answer
from runwell.http.complaint import complaint_of
from runwell.http.numbers import check_numbers
from runwell.query import Column, Rows
from runwell.web import parameters
from runwell.web.values import rendered, show_sql_rows

PROBLEM_CHARS = 400
AskSQL = Callable[[str, Sequence[Any]], Awaitable[Rows]]


PARAMETERS = (
    Parameter(
        "shape",
        "`rows` (default), or `objects`: a plain list of objects, one a row",
        Literal["rows", "objects"],
    ),
)


class SQLQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`params` are bound to the `?` of `sql` in order."""

    sql: str
    params: list[str | int | float | bool | None] = []


class SQLAnswer(msgspec.Struct, frozen=True):
    """Column names with the engine's types, and rows of plain values."""

    columns: list[Column]
    rows: list[list[Any]]


decode = msgspec.json.Decoder(SQLQuestion).decode


def endpoints(ask: AskSQL, config: Config) -> list[Endpoint]:
    """The routes of this file."""

    async def answer_sql(call: Call) -> Answer:
        parameters.refuse_unknown(call.query, PARAMETERS)
        shape = call.query.get("shape", "rows")
        if shape not in ("rows", "objects"):
            raise BadParameter("shape", f"rows or objects, not {shape[:40]!r}")
        question = read_question(call.body)
        if len(question.sql) > config.sql_text_bytes_max:
            raise TooLarge(
                f"more than {config.sql_text_bytes_max} characters of SQL", pointer="/sql"
            )
        rows = await ask(question.sql, question.params)

        def render() -> Answer:
            shown = show_sql_rows(rows.rows)
            if shape == "objects":
                names = _different([column.name for column in rows.columns])
                return json_answer([dict(zip(names, row, strict=True)) for row in shown])
            return json_answer(SQLAnswer(list(rows.columns), shown))

        return await rendered(len(rows.rows), render)

    return [
        Endpoint(
            method="POST",
            path="/-/api/sql",
            handle=answer_sql,
            scope="read",
            summary="Ask one SELECT over the documented relations; bounded in time and rows.",
            body=SQLQuestion,
            answers={200: SQLAnswer | list[dict[str, Any]]},
            query=PARAMETERS,
        )
    ]


def read_question(body: bytes) -> SQLQuestion:
    """Decode a body.

    Raises:
        BadBody: with a JSON pointer to what is wrong.
    """
    try:
        check_numbers(body)
        question: SQLQuestion = decode(body)
    except msgspec.ValidationError as error:
        raise _refused(complaint_of(error).path, str(error)) from error
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise _refused("", str(error)) from error
    except BadBody as error:
        raise _refused(error.pointer, error.message) from error
    return question


def _refused(path: str, problem: str) -> BadBody:
    pointer = "/" + re.sub(r"[.\[]", "/", path).replace("]", "") if path else ""
    text = f'the body takes {{"sql": text, "params": [...]}}: {problem[:PROBLEM_CHARS]}'
    return BadBody(text, pointer=pointer[:PROBLEM_CHARS])


def _different(names: list[str]) -> list[str]:
    """The names, if an object can have them all."""
    for name in names:
        if names.count(name) > 1:
            raise BadQuery(f"two columns are called {name!r}: name one with AS", pointer="/sql")
    return names
