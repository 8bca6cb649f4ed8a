"""Sample data that looks like a real team's, sent through the real endpoints."""
