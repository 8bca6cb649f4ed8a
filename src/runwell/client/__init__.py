"""A client of a running server: its questions and how their answers are shown."""

MEASURES = "total,succeeded,failed,avg_duration,p50_duration,p95_duration,last_run"
