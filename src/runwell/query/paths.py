"""Places in payloads that are asked for so often that they are columns of their own."""

from __future__ import annotations

from dataclasses import dataclass

from runwell.query.fields import Type


@dataclass(frozen=True, slots=True)
class StoredPath:
    """What stands in any payload at these steps (RFC 6901, unescaped).

    As TEXT for what is read as a text; as JSON for what is looked into. Which paths are stored
    changes how long a question takes and never what it answers.
    """

    steps: tuple[str, ...]
    type: Type

    @property
    def pointer(self) -> str:
        """The steps as a JSON pointer."""
        return pointer(self.steps)


def pointer(steps: tuple[str, ...]) -> str:
    """RFC 6901.

    >>> pointer(("labels", "a/b"))
    '/labels/a~1b'
    """
    return "".join(f"/{step.replace('~', '~0').replace('/', '~1')}" for step in steps)
