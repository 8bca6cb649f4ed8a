"""Speed, measured beside a reference in the same run. Nothing here is imported by the server."""
