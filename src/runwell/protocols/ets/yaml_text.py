"""YAML <-> plain values, as JSON has them: no references, no times, no types of other languages."""

from __future__ import annotations

import re
from typing import Any

import yaml

from runwell.errors import TooLarge
from runwell.protocols.ets.errors import BadInput

BYTES_MAX = 64 * 1024  # one event; the reader is slow, and nothing else is answered meanwhile
DEPTH_MAX = 64
# What YAML 1.1 makes of a plain word, as far as JSON has it, too. Times stay texts.
PLAIN = {
    "null": (re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""]),
    "bool": (re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")),
    "int": (re.compile(r"^[-+]?(?:0|[1-9][0-9]{0,18})$"), list("-+0123456789")),
    "float": (re.compile(r"^[-+]?[0-9]{1,18}\.[0-9]{1,18}$"), list("-+0123456789")),
}
Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same in C, where it was built
Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Loader(Loader):  # type: ignore[misc,valid-type]  # one of two
    """The safe loader with the few plain words of above."""


_Loader.yaml_implicit_resolvers = {}
for _name, (_pattern, _first) in PLAIN.items():
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", _pattern, _first)


def read_yaml(body: bytes) -> Any:
    """The one value of a YAML document.

    Raises:
        BadInput, TooLarge
    """
    if len(body) > BYTES_MAX:
        raise TooLarge(f"a YAML body of {len(body)} bytes; {BYTES_MAX} is the most")
    try:
        text = body.decode()
        _check_structure(text)
        return yaml.load(text, _Loader)  # noqa: S506 - a stricter loader than the safe one
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        raise BadInput(" ".join(str(error).split())) from error


def write_yaml(value: Any) -> bytes:
    """As the original writes it: keys in order, lists and objects in block style."""
    return yaml.dump(value, Dumper=Dumper, default_flow_style=False).encode()


def _check_structure(text: str) -> None:
    """Refuse references, which can make a small text a huge value, types, and deep nesting."""
    depth = 0
    for event in yaml.parse(text, Loader):
        if isinstance(event, yaml.AliasEvent):
            raise BadInput("YAML: references are not taken")
        if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            raise BadInput("YAML: references are not taken")
        if getattr(event, "tag", None) is not None:
            raise BadInput("YAML: types (!) are not taken")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEPTH_MAX:
            raise BadInput(f"YAML: nested deeper than {DEPTH_MAX}")
