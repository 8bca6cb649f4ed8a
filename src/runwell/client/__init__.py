"""Asking a running server from outside: what the command line needs of the HTTP API."""
