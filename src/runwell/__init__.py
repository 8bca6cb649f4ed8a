"""runwell: a self-hosted server for CI telemetry."""

__version__ = "0.1.0"
