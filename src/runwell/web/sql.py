"""`POST /-/api/sql`: one SELECT over the documented relations."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from runwell.config import Config
from runwell.errors import BadBody, TooLarge
from runwell.http import Answer, Call, Endpoint, json_answer
from runwell.query import Column, Rows
from runwell.web.values import show_sql_rows

AskSQL = Callable[[str, Sequence[Any]], Awaitable[Rows]]


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
        try:
            question = decode(call.body)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
            raise BadBody(f'the body takes {{"sql": text, "params": [...]}}: {error}') from error
        if len(question.sql) > config.sql_text_bytes_max:
            raise TooLarge(
                f"more than {config.sql_text_bytes_max} characters of SQL", pointer="/sql"
            )
        rows = await ask(question.sql, question.params)
        return json_answer(SQLAnswer(list(rows.columns), show_sql_rows(rows.rows)))

    return [
        Endpoint(
            method="POST",
            path="/-/api/sql",
            handle=answer_sql,
            scope="read",
            summary="Ask one SELECT over the documented relations; bounded in time and rows.",
            body=SQLQuestion,
            answers={200: SQLAnswer},
        )
    ]
