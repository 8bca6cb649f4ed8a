"""YAML <-> plain values, as JSON has them: no anchors, no times, no types of other languages."""

from __future__ import annotations

import re
from typing import Any

import yaml

from runwell.errors import TooLarge
from runwell.protocols.ets.errors import BadInput

BYTES_MAX = 256 * 1024  # one event; the reader is a hundred times slower than JSON's
DEPTH_MAX = 64
# What YAML 1.1 makes of a plain word, as far as JSON has it, too. Times stay texts.
PLAIN = {
    "null": (re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""]),
    "bool": (re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")),
    "int": (re.compile(r"^[-+]?(?:0|[1-9][0-9]{0,18})$"), list("-+0123456789")),
    "float": (re.compile(r"^[-+]?[0-9]{1,18}\.[0-9]{1,18}$"), list("-+0123456789")),
}


class _Loader(yaml.SafeLoader):
    """The safe loader with the few plain words of above and without references."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Refuse anchors, which can make a small text a huge value, and deep nesting."""
        if self.check_event(yaml.AliasEvent):
            raise BadInput("YAML: anchors and aliases are not taken")
        self.depth += 1
        if self.depth > DEPTH_MAX:
            raise BadInput(f"YAML: nested deeper than {DEPTH_MAX}")
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


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
        return yaml.load(body.decode(), _Loader)  # noqa: S506 - a stricter loader than the safe one
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, TypeError) as error:
        raise BadInput(" ".join(str(error).split())) from error


def write_yaml(value: Any) -> bytes:
    """As the original writes it: keys in order, lists and objects in block style."""
    return yaml.safe_dump(value, default_flow_style=False).encode()
