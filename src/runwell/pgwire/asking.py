"""The questions of PostgreSQL clients: to the columns or to the catalog beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from runwell.config import Config
from runwell.pgwire.settings import SERVER_SETTINGS
from runwell.query import Rows
from runwell.questions import Questions
from runwell.store.catalog import Catalog, WithCatalog
from runwell.store.columns.base import Columns, Described, SQLLimits


class SQLAsking:
    """Asks as `POST /-/api/sql` does: the same sandbox, deadline and limits."""

    def __init__(self, questions: Questions, columns: Columns, config: Config) -> None:
        self._questions = questions
        self._limits = SQLLimits(config.sql_rows_max, config.sql_bytes_max)
        self._catalog = Catalog(columns.relations(), SERVER_SETTINGS)
        self._engine = WithCatalog(columns, self._catalog)

    async def ask(self, text: str, params: Sequence[Any]) -> Rows:
        """The answer. Raises Error."""
        return await self._questions.sql(text, params, self._limits, self._engine)

    async def describe(self, text: str, known: Sequence[str]) -> Described:
        """What a question takes and answers. Raises Error."""
        return await self._questions.describe(text, known, self._engine)

    def close(self) -> None:
        """Close the catalog."""
        self._catalog.close()
