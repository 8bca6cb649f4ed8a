"""Our own addresses: questions under /-/api, operations under /-/, the front page at /."""

from runwell.web.own import State, own_protocol

__all__ = ["State", "own_protocol"]
