"""The documents as data: pages, their blocks of code, and the commands in them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

ROOT = Path(__file__).parents[1]
HERE = "http://127.0.0.1:8080"
BLOCK = re.compile(r"^( *)```([\w-]*)(?: +([^\n]*))?\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^#{2,} (.*)$", re.MULTILINE)


class Block(NamedTuple):
    """What stands between two fences: its language, what else the first fence says, its text."""

    language: str
    note: str
    text: str


def read(page: str) -> str:
    """The text of a page."""
    return (ROOT / page).read_text("utf-8")


def blocks(text: str, *languages: str) -> list[Block]:
    """The blocks of a text in order; of these languages, if any are named."""
    found = [Block(one[2], one[3] or "", one[4]) for one in BLOCK.finditer(text)]
    return [block for block in found if not languages or block.language in languages]


def sections(text: str) -> list[tuple[str, str]]:
    """Each heading below the title, with the text up to the next one."""
    found = list(HEADING.finditer(BLOCK.sub(lambda one: "." * len(one[0]), text)))
    ends = [one.start() for one in found[1:]] + [len(text)]
    return [(one[1], text[one.end() : end]) for one, end in zip(found, ends, strict=True)]


def commands(script: str) -> list[list[str]]:
    """The commands of a shell block as words; a backslash or an open quote joins lines."""
    found, kept = [], ""
    for line in script.splitlines():
        kept += line
        try:
            if kept.endswith("\\"):
                kept = kept[:-1]
                continue
            words = shlex.split(kept, comments=True)
        except ValueError:  # the quote is open
            kept += "\n"
            continue
        kept = ""
        if words:
            found.append(words)
    assert not kept.strip(), script
    return found


class Request(NamedTuple):
    """What a curl command asks for."""

    method: str
    target: str
    body: str | None
    headers: dict[str, str]


def curl(words: list[str]) -> Request:
    """A curl command as a request to the server at HERE; options that are not known are refused."""
    assert words[0] == "curl", words
    address, body, data, headers, method = "", None, [], {}, ""
    rest = iter(words[1:])
    for word in rest:
        match word:
            case "-G" | "--fail" | "-s" | "-sS":
                method = method or ("GET" if word == "-G" else "")
            case "-X":
                method = next(rest)
            case "-H":
                name, _, value = next(rest).partition(": ")
                headers[name] = value
            case "-d" | "--data":
                body = next(rest)
            case "--data-urlencode":
                name, _, value = next(rest).partition("=")
                data.append((name, value))
            case _:
                assert word.startswith((f"{HERE}/", "http://")), words
                address = word
    query = f"?{urlencode(data)}" if data else ""
    return Request(
        method or ("POST" if body else "GET"), address.removeprefix(HERE) + query, body, headers
    )
