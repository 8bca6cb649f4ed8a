"""What to ask: lists, counts and summaries, free of any engine."""

from runwell.query.fields import FIELDS, Type
from runwell.query.paths import StoredPath
from runwell.query.rows import Column, Rows
from runwell.query.select import Count, Order, Select, count_events
from runwell.query.summary import MEASURES, Group, Measure, Summary, TimeBucket

Query = Select | Count | Summary

__all__ = [
    "FIELDS",
    "MEASURES",
    "Column",
    "Count",
    "Group",
    "Measure",
    "Order",
    "Query",
    "Rows",
    "Select",
    "StoredPath",
    "Summary",
    "TimeBucket",
    "Type",
    "count_events",
]
