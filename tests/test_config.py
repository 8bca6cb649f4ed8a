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


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"RUNWELL_PORT": "x"}, "RUNWELL_PORT: port takes int, not 'x'"),
        ({"RUNWELL_OPEN": "perhaps"}, "RUNWELL_OPEN: open takes bool, not 'perhaps'"),
        ({"RUNWELL_LOG_LEVEL": "loud"}, "log_level is one of debug, info, warning, error"),
        ({"RUNWELL_QUERY_THREADS": "0"}, "query_threads is at least 1, not 0"),
        ({"RUNWELL_PORT": "-1"}, "port is at least 0, not -1"),
        ({"RUNWELL_DEFAULT_TIMEZONE": "Mars/Olympus"}, "default_timezone: no zone 'Mars/Olympus'"),
        ({"RUNWELL_DEFAULT_TIMEZONE": "../etc"}, "default_timezone: no zone"),
    ],
)
def test_a_wrong_value_names_its_setting_and_where_it_came_from(environment: dict, says: str):
    with pytest.raises(BadSetting, match=says.replace("(", r"\(")):
        load({}, environment)


def test_a_wrong_file_is_named(tmp_path: Path):
    with pytest.raises(BadSetting, match="cannot read"):
        load({}, {}, tmp_path / "missing.toml")
    file = tmp_path / "x.toml"
    file.write_text("port = ")
    with pytest.raises(BadSetting, match="cannot read"):
        load({}, {}, file)
    file.write_text("prt = 1")
    with pytest.raises(BadSetting, match=r"x.toml: there is no setting 'prt'"):
        load({}, {}, file)


def test_every_setting_is_described():
    assert all(item.metadata["doc"] for item in SETTINGS.values())
