"""The endpoint of the usual kind that ingest is compared with."""
