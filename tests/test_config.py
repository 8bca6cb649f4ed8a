"""Settings: where they come from, in which order, and what is said about a wrong one."""

from __future__ import annotations

from pathlib import Path

import pytest

from runwell.config import SETTINGS, BadSetting, Config, load


def test_every_source_overrides_the_one_before(tmp_path: Path):
    file = tmp_path / "runwell.toml"
    file.write_text('port = 1\nquery_threads = 1\nhost = "::1"\nopen = true\n')
    environment = {"RUNWELL_PORT": "2", "RUNWELL_QUERY_THREADS": "2", "OTHER": "x"}

    config = load({"port": "3", "data": None}, environment, file)
    assert (config.port, config.query_threads, config.host, config.open) == (3, 2, "::1", True)
    assert (config.data, config.depth_max) == ("data", 64)


def test_values_are_read_by_the_type_of_their_default():
    environment = {
        "RUNWELL_OPEN": "Yes",
        "RUNWELL_BODY_SECONDS_MAX": "1.5",
        "RUNWELL_MAIN_REFS": "a, b,",
    }
    config = load({}, environment)
    assert (config.open, config.body_seconds_max) == (True, 1.5)
    assert config.main_ref_names == {"a", "b"}
    assert load({"open": False}, environment).open is False
    assert str(Config().zone) == "UTC"


WRONG = [
    ("port", "x", "port takes int, not 'x'"),
    ("port", "", "port takes int, not ''"),
    ("port", "1.5", "port takes int, not '1.5'"),
    ("port", "-1", "port is a number of at least 0, not '-1'"),
    ("port", "65536", "port is at most 65535, not '65536'"),
    ("open", "perhaps", "open takes bool, not 'perhaps'"),
    ("log_level", "loud", "log_level is one of debug, info, warning, error, not 'loud'"),
    ("query_threads", "0", "query_threads is a number of at least 1, not '0'"),
    ("body_seconds_max", "nan", "body_seconds_max is a number of at least 1, not 'nan'"),
    ("body_seconds_max", "inf", "body_seconds_max is a number of at least 1, not 'inf'"),
    (
        "default_timezone",
        "Mars/Olympus",
        "default_timezone is an IANA name like Europe/Berlin, not 'Mars/Olympus'",
    ),
    (
        "default_timezone",
        "../etc",
        "default_timezone is an IANA name like Europe/Berlin, not '../etc'",
    ),
    (
        "default_timezone",
        "",
        "default_timezone is an IANA name like Europe/Berlin, not ''",
    ),
]


@pytest.mark.parametrize(("name", "text", "says"), WRONG)
def test_a_wrong_value_names_its_setting_and_where_it_came_from(
    name: str, text: str, says: str, tmp_path: Path
):
    file = tmp_path / "runwell.toml"
    file.write_text(f'{name} = "{text}"')
    for origin, sources in (
        (f"--{name.replace('_', '-')}", ({name: text}, {}, None)),
        (f"RUNWELL_{name.upper()}", ({}, {f"RUNWELL_{name.upper()}": text}, None)),
        (str(file), ({}, {}, file)),
    ):
        with pytest.raises(BadSetting) as found:
            load(*sources)
        assert str(found.value) == f"{origin}: {says}"


@pytest.mark.parametrize("value", ["[1]", "{ a = 1 }", "2026-01-01"])
def test_a_file_may_hold_texts_numbers_and_truths_only(value: str, tmp_path: Path):
    file = tmp_path / "runwell.toml"
    file.write_text(f"host = {value}")
    with pytest.raises(BadSetting, match="host takes str, not "):
        load({}, {}, file)


def test_every_default_would_be_taken():
    assert load({name: item.default for name, item in SETTINGS.items()}, {}) == Config()


def test_a_wrong_file_is_named(tmp_path: Path):
    with pytest.raises(BadSetting, match="cannot read"):
        load({}, {}, tmp_path / "missing.toml")
    file = tmp_path / "x.toml"
    file.write_text("port = ")
    with pytest.raises(BadSetting, match="cannot read"):
        load({}, {}, file)
    file.write_bytes(b'host = "\xff"')
    with pytest.raises(BadSetting, match="cannot read"):
        load({}, {}, file)
    file.write_text("prt = 1")
    with pytest.raises(BadSetting, match=r"x.toml: there is no setting 'prt'"):
        load({}, {}, file)


def test_every_setting_is_described():
    assert all(item.metadata["doc"] for item in SETTINGS.values())
