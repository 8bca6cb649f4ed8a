"""What runwell keeps: the canonical event, how it is written, and what came of the write."""

from runwell.model.event import Event, Kind, Status, join_id
from runwell.model.outcome import Outcome, Written
from runwell.model.times import Bucket
from runwell.model.writes import AttemptsRule, Rule, Write, keep_stored, replace

__all__ = [
    "AttemptsRule",
    "Bucket",
    "Event",
    "Kind",
    "Outcome",
    "Rule",
    "Status",
    "Write",
    "Written",
    "join_id",
    "keep_stored",
    "replace",
]
