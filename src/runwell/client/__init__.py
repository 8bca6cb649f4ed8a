"""A client of a running server: its questions, and how their answers are shown."""

from runwell.client.ask import NoAnswer, Refused
from runwell.client.client import Client, Written
from runwell.client.columns import Column
from runwell.client.table import Events, Table

MEASURES = "total,succeeded,failed,avg_duration,p50_duration,p95_duration,last_run"

__all__ = [
    "MEASURES",
    "Client",
    "Column",
    "Events",
    "NoAnswer",
    "Refused",
    "Table",
    "Written",
]
