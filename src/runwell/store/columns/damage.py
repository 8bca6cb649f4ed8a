"""What the column engine reports -> is its file to blame?"""

from __future__ import annotations

import errno
import os
import re

import duckdb

# Whatever was asked, the engine has given up: nothing more can be asked of it.
GIVEN_UP = (duckdb.FatalException, duckdb.InternalException, duckdb.SerializationException)
# A checksum that does not match has no class of its own; and no question has these.
TOLD_AS = (duckdb.Error, duckdb.IOException)
DAMAGE = re.compile(r"corrupt|checksum|deserializ|could not read", re.IGNORECASE)
NO_ROOM = tuple(map(os.strerror, (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)))


def is_damage(error: duckdb.Error) -> bool:
    """Is the file to blame, or an engine that has given up, and not what was asked?"""
    return isinstance(error, GIVEN_UP) or says_damage(error)


def says_damage(error: duckdb.Error) -> bool:
    """Is it the file? Then opening it again does not help."""
    return type(error) in TOLD_AS and DAMAGE.search(str(error)) is not None


def lacks_room(error: duckdb.Error) -> bool:
    """Was there no room to write? Then what is in the file is as sound as before."""
    return any(words in str(error) for words in NO_ROOM)
