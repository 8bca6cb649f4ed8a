"""`runwell token`: what a token may, until when, and who is told that it ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest
from tests.cli.invoking import invoke

from runwell.cli.token import read_expiry
from runwell.tokens import PATTERN, Tokens

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1h", "2026-01-01T13:00:00+00:00"),
        ("90d", "2026-04-01T12:00:00+00:00"),
        ("4w", "2026-01-29T12:00:00+00:00"),
        ("2026-01-01", "2026-01-02T00:00:00+00:00"),  # the day is the last one
        ("2026-01-01T18:00:00.5Z", "2026-01-01T18:00:00+00:00"),
        ("2026-01-01T18:00:00", "2026-01-01T18:00:00+00:00"),
        ("2026-01-01T18:00:00+02:00", "2026-01-01T16:00:00+00:00"),
    ],
)
def test_an_end_is_a_span_a_day_or_a_time(text: str, expected: str):
    assert read_expiry(text, NOON).isoformat() == expected


@pytest.mark.parametrize(
    "text", ["soon", "0d", "-1d", "1.5d", "d", "2026-02-30", "999999d", "9" * 99]
)
def test_what_is_no_time_to_come_is_refused(text: str):
    with pytest.raises(click.BadParameter, match="takes 12h, 90d, 4w"):
        read_expiry(text, NOON)


@pytest.mark.parametrize("text", ["2025-12-31", "2026-01-01T12:00:00Z"])
def test_a_time_that_is_over_is_refused(text: str):
    with pytest.raises(click.BadParameter, match="is over"):
        read_expiry(text, NOON)


def test_a_token_is_bound_and_ends_as_it_was_asked_for(tmp_path: Path):
    words = ("--repo", "acme/*", "--repo", "x/y", "--expires", "90d", "--data", str(tmp_path))
    made = invoke("token", "create", "ci", *words)
    assert PATTERN.fullmatch(made.output.strip())
    (token,) = Tokens(tmp_path).all()
    assert token.repos == ("acme/*", "x/y")
    left = token.expires - datetime.now(UTC)
    assert timedelta(days=89) < left < timedelta(days=90, minutes=1)


def test_the_list_shows_ids_whole_in_any_terminal(tmp_path: Path):
    words = ("--repo", "acme/" + "long-" * 10, "--expires", "90d", "--data", str(tmp_path))
    text = invoke("token", "create", "a-name-that-is-long", *words).output
    listed = invoke("token", "list", "--data", str(tmp_path), COLUMNS="80").output
    assert text.split("_")[1] in listed


def test_the_list_tells_what_ends_soon_and_what_has_ended(tmp_path: Path):
    tokens, now = Tokens(tmp_path), datetime.now(UTC)
    tokens.create("lasting", ["read"])
    tokens.create("later", ["read"], expires=now + timedelta(days=30))
    tokens.create("soon", ["read"], expires=now + timedelta(days=3), repos=["a/[b]*"])
    tokens.create("over", ["read"], expires=now - timedelta(days=3))
    tokens.create("gone", ["read"])
    tokens.revoke("gone")
    listed = invoke("token", "list", "--data", str(tmp_path), COLUMNS="200").output
    states = {
        line.split("│")[2].strip(): line.split("│")[7].strip().split(" ")[0]
        for line in listed.splitlines()
        if line.startswith("│")
    }
    assert states == {
        "lasting": "valid",
        "later": "valid",
        "soon": "expires",
        "over": "expired",
        "gone": "revoked",
    }
    assert "a/[b]*" in listed
    warned = [line for line in listed.splitlines() if "expires at" in line]
    assert len(warned) == 1
    assert warned[0].startswith("soon (")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--repo", " "], "1 to 200 characters"),
        (["--repo", "a" * 201], "1 to 200 characters"),
        (["--repo", "a"] * 101, "100 are the most"),
        (["--expires", "never"], "takes 12h"),
    ],
)
def test_what_makes_no_sense_makes_no_token(words: list[str], said: str, tmp_path: Path):
    done = invoke("token", "create", "ci", *words, "--data", str(tmp_path))
    assert (done.exit_code, said in " ".join(done.output.split())) == (2, True)
    assert Tokens(tmp_path).is_open()
