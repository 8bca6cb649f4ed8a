"""How long events are kept: rules, roll-ups of what is older, and the sweeper that makes them."""

from runwell.retention.plan import Due, Manner, due
from runwell.retention.rules import Action, RetentionRule, read_rules
from runwell.retention.sweeper import Retention, Store

__all__ = ["Action", "Due", "Manner", "Retention", "RetentionRule", "Store", "due", "read_rules"]
