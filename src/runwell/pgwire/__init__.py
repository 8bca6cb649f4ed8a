"""PostgreSQL's wire protocol, read only: psql, drivers and Grafana ask our relations."""

from runwell.pgwire.asking import SQLAsking
from runwell.pgwire.server import PgServer

__all__ = ["PgServer", "SQLAsking"]
