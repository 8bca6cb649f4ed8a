"""What the tags of one event may hold, by the settings. No field of the wire is known here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runwell.config import Config
from runwell.protocols.pytest_monitor.decode import shown


def tag_problems(tags: Mapping[str, Sequence[str]], config: Config) -> dict[str, str]:
    """Tag -> what is wrong with it; the empty name stands for all of them."""
    if len(tags) > config.tags_per_event_max:
        return {"": f"{len(tags)} tags are too many (at most {config.tags_per_event_max})"}
    problems = {}
    for name, values in tags.items():
        if len(name) > config.tag_key_chars_max:
            limit = f"at most {config.tag_key_chars_max} characters"
            problems[name[: config.tag_key_chars_max]] = f"{shown(name)} is too long ({limit})"
        elif any(len(text.encode()) > config.tag_value_bytes_max for text in values):
            limit = f"at most {config.tag_value_bytes_max} bytes"
            problems[name] = f"{shown(values[0])} is too long ({limit})"
    return problems
