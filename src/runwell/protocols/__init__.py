"""One folder a protocol; `base` says what a protocol is. Nothing here knows a protocol by name."""
