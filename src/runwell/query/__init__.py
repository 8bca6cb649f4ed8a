"""What to ask: lists, counts, names and summaries, free of any engine."""

from runwell.query.fields import ABOUT, FIELDS, Type
from runwell.query.names import Names
from runwell.query.paths import StoredPath
from runwell.query.relations import Relation, RelationColumn
from runwell.query.rows import Column, Rows
from runwell.query.select import Count, Order, Select, count_events
from runwell.query.summary import MEASURES, Group, Having, Measure, Summary, TimeBucket

Query = Select | Count | Names | Summary

__all__ = [
    "ABOUT",
    "FIELDS",
    "MEASURES",
    "Column",
    "Count",
    "Group",
    "Having",
    "Measure",
    "Names",
    "Order",
    "Query",
    "Relation",
    "RelationColumn",
    "Rows",
    "Select",
    "StoredPath",
    "Summary",
    "TimeBucket",
    "Type",
    "count_events",
]
