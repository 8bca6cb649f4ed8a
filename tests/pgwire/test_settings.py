"""SET, SHOW and RESET as PostgreSQL's clients use them."""

from __future__ import annotations

import pytest

from runwell.pgwire.settings import SERVER_SETTINGS, Refused, Settings


def test_what_clients_set_is_taken_and_shown():
    settings = Settings()
    assert settings.set("SET application_name = 'it''s me'") == (
        "application_name",
        "it's me",
        None,
    )
    assert settings.show("SHOW application_name") == [("application_name", "it's me")]
    assert settings.set("SET SESSION extra_float_digits TO 3") == ("", "", None)
    assert settings.show("show EXTRA_FLOAT_DIGITS") == [("extra_float_digits", "3")]
    settings.set("SET application_name TO DEFAULT")
    assert settings.show("SHOW application_name") == [("application_name", "")]
    settings.set("SET LOCAL statement_timeout = 5")
    settings.reset()
    assert settings.show("SHOW statement_timeout") == [("statement_timeout", "0")]
    assert dict(settings.show("SHOW ALL")) == dict(SERVER_SETTINGS)


@pytest.mark.parametrize(
    "text",
    [
        "SET client_encoding TO 'UTF8'",
        "SET NAMES 'utf-8'",
        "SET datestyle = 'ISO, MDY'",
        "SET DateStyle TO ISO",
        "SET TIME ZONE 'UTC'",
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
        "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
        "SET ROLE none",
        "SET my.own = 'x'",
        "SET default_transaction_read_only = on",
    ],
)
def test_what_changes_nothing_is_taken_in_silence(text: str):
    assert Settings().set(text) == ("", "", None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SET TIME ZONE 'Europe/Berlin'", "TimeZone stays UTC"),
        ("SET timezone = 'CET'", "TimeZone stays UTC"),
        ("SET default_transaction_read_only = off", "default_transaction_read_only stays on"),
    ],
)
def test_what_stays_as_it_is_is_said(text: str, said: str):
    _, _, notice = Settings().set(text)
    assert (notice.code, notice.text, notice.severity) == ("01000", said, "WARNING")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("SET threads = 1", "42704"),
        ("SET memory_limit = '1GB'", "42704"),
        ("SET enable_external_access = true", "42704"),
        ("SET VARIABLE a = 1", "42704"),
        ("SET server_version = '1'", "55P02"),
        ("SET client_encoding = 'LATIN1'", "22023"),
        ("SET datestyle = 'German'", "22023"),
        ("SET standard_conforming_strings = off", "22023"),
        ("SET", "42601"),
    ],
)
def test_what_cannot_be_so_is_refused(text: str, code: str):
    with pytest.raises(Refused) as refused:
        Settings().set(text)
    assert refused.value.complaint.code == code


def test_a_setting_that_is_not_there_is_not_shown():
    with pytest.raises(Refused, match='unrecognized configuration parameter "threads"'):
        Settings().show("SHOW threads")
    assert Settings().show("SHOW TRANSACTION ISOLATION LEVEL")[0][1] == "repeatable read"
    assert Settings().show("SHOW TIME ZONE") == [("TimeZone", "UTC")]
