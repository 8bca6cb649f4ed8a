"""What Grafana is given at its start: data sources, dashboards, the container; and its way in."""

from __future__ import annotations

import re
from pathlib import Path
from string import Template
from typing import Any

import psycopg
import pytest
import yaml
from tests.contrib.asking import pg_port
from tests.serving import Server

from runwell.tokens import Tokens

ROOT = Path(__file__).parents[2] / "contrib" / "grafana"
FILES = sorted(ROOT.glob("dashboards/**/*.json"))
PROVISIONED = ROOT / "provisioning" / "datasources" / "runwell.yaml"
TYPES = {
    "postgresql": "grafana-postgresql-datasource",
    "infinity": "yesoreyeram-infinity-datasource",
}


def read_yaml(*path: str) -> Any:
    return yaml.safe_load((ROOT.joinpath(*path)).read_text("utf-8"))


def test_the_data_sources_take_address_and_token_from_the_environment():
    postgresql, infinity = read_yaml("provisioning", "datasources", "runwell.yaml")["datasources"]
    assert postgresql["type"] == TYPES["postgresql"]
    assert postgresql["url"] == "$RUNWELL_PG"
    assert postgresql["jsonData"]["sslmode"] == "disable"
    assert postgresql["jsonData"]["database"]
    assert postgresql["secureJsonData"] == {"password": "$RUNWELL_TOKEN"}
    assert infinity["type"] == TYPES["infinity"]
    assert infinity["url"] == "$RUNWELL_URL"
    assert infinity["jsonData"]["auth_method"] == "bearerToken"
    assert infinity["secureJsonData"] == {"bearerToken": "$RUNWELL_TOKEN"}


def test_the_container_finds_every_file_that_is_referred_to():
    service = read_yaml("docker-compose.yml")["services"]["grafana"]
    mounts = dict(mount.split(":")[:2] for mount in service["volumes"])
    mounted = {inside: ROOT / outside for outside, inside in mounts.items() if "/" in outside}
    (provider,) = read_yaml("provisioning", "dashboards", "runwell.yaml")["providers"]
    assert sorted(mounted[provider["options"]["path"]].glob("**/*.json")) == FILES
    for kind in ("datasources", "dashboards"):
        folder = mounted[f"/etc/grafana/provisioning/{kind}"]
        assert [path.name for path in folder.iterdir()] == ["runwell.yaml"]
    text = PROVISIONED.read_text("utf-8")
    asked = set(re.findall(r"\$(RUNWELL_\w+)", text))
    assert asked <= set(service["environment"])
    assert service["environment"]["GF_PLUGINS_PREINSTALL"] == TYPES["infinity"]


def test_save_and_test_and_the_list_of_tables_are_answered(tmp_path: Path):
    with (
        Server(tmp_path / "data", ("--pg-port", "0")) as server,
        psycopg.connect(
            f"host=127.0.0.1 port={pg_port(server)} user=runwell dbname=runwell", autocommit=True
        ) as connection,
    ):
        cursor = psycopg.ClientCursor(connection)
        for ping in (b"-- ping", b";"):  # pgx's and lib/pq's
            cursor.execute(ping)
            assert cursor.pgresult.status == psycopg.pq.ExecStatus.EMPTY_QUERY
        version = "SELECT current_setting('server_version_num')::int/100 AS version"
        assert cursor.execute(version).fetchone()[0] >= 1200
        timescale = "SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'"
        assert cursor.execute(timescale).fetchall() == []
        tables = """
            SELECT quote_ident(table_name) AS "table" FROM information_schema.tables
            WHERE quote_ident(table_schema) NOT IN ('information_schema', 'pg_catalog') ORDER BY 1
        """
        names = {name for (name,) in cursor.execute(tables)}
        assert {"events", "tags", "metrics", "metrics_pipeline", "pytest_tests"} <= names


def test_a_token_opens_both_data_sources_as_they_are_provisioned(tmp_path: Path):
    token = Tokens(tmp_path / "data").create("grafana", ["read"])
    with Server(tmp_path / "data", ("--pg-port", "0")) as server:
        environment = {
            "RUNWELL_PG": f"127.0.0.1:{pg_port(server)}",
            "RUNWELL_URL": server.url,
            "RUNWELL_TOKEN": token,
        }
        text = Template(PROVISIONED.read_text("utf-8")).substitute(environment)
        postgresql, infinity = yaml.safe_load(text)["datasources"]
        host, port = postgresql["url"].split(":")
        way_in = {
            "host": host,
            "port": port,
            "user": postgresql["user"],
            "dbname": postgresql["jsonData"]["database"],
            "sslmode": postgresql["jsonData"]["sslmode"],
        }
        secret = postgresql["secureJsonData"]["password"]
        with psycopg.connect(**way_in, password=secret, autocommit=True) as connection:
            assert connection.execute("SELECT count(*) FROM events").fetchone() == (0,)
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(**way_in, password="another")
        assert infinity["url"] == server.url
        bearer = f"Bearer {infinity['secureJsonData']['bearerToken']}"
        question = {"sql": "SELECT count(*) AS n FROM events"}
        path = "/-/api/sql?shape=objects"
        assert server.ask("POST", path, question, Authorization=bearer).json == [{"n": 0}]
        assert server.ask("POST", path, question).status == 401
