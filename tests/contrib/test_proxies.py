"""runwell behind real reverse proxies, set up as contrib/proxy says."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator

import pytest
import yaml
from tests.contrib.proxies import FOLDER, Proxy, program_of
from tests.sending import KINDS, RESULT, RESULTS, stored
from tests.serving import Reply, Server, exchange

from runwell.config import MIB, Config

NAMES = ("nginx", "haproxy", "apache2", "caddy")
FILES = {"nginx.conf", "haproxy.cfg", "apache.conf", "Caddyfile", "traefik.yml"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("behind") / "data") as running:
        assert running.ask("POST", RESULTS, RESULT).status == 200
        yield running


@pytest.fixture(scope="module", params=NAMES)
def proxy(
    request: pytest.FixtureRequest, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxy]:
    if not program_of(request.param) or not shutil.which("openssl"):
        pytest.skip(f"{request.param} is not installed: .ci/proxies does it")
    folder = tmp_path_factory.mktemp(request.param)
    folder.chmod(0o755)
    with Proxy(request.param, folder / "run", server.url) as running:
        yield running


def ask(proxy: Proxy, method: str, path: str, body: object = None, **headers: str) -> Reply:
    connection = proxy.connect()
    try:
        return exchange(connection, method, path, body, **headers)
    finally:
        connection.close()


def test_requests_of_all_protocols_arrive(proxy: Proxy, server: Server):
    connection = proxy.connect()  # one for all of them: it stays open
    number = 100 + NAMES.index(proxy.name)
    for kind in KINDS.values():
        reply = exchange(connection, "POST", *kind(str(number)))
        assert reply.status in (200, 201), (kind, reply)
    connection.close()
    assert {(source, str(number)) for source in KINDS} <= stored(server)


def test_an_encoded_slash_stays_one(proxy: Proxy):
    event = {"source": "own", "scope": "a/b", "id": f"{proxy.name}/c d"}
    assert ask(proxy, "POST", "/-/api/events", {"events": [event]}).status == 200
    path = f"/-/api/events/own/a%2Fb/{proxy.name}%2Fc%20d"
    reply = ask(proxy, "GET", path)
    assert (reply.status, reply.json["id"]) == (200, event["id"])


def big(proxy: Proxy, size: int) -> bytes:
    event = {"source": "own", "scope": "big", "id": proxy.name, "payload": {"a": ""}}
    start = json.dumps({"events": [event]}).encode()
    return start.replace(b'"a": ""', b'"a": "%b"' % (b"x" * (size - len(start))))


def test_the_largest_body_arrives_and_a_larger_one_is_refused(proxy: Proxy):
    most = Config().body_bytes_max
    assert most == 16 * MIB
    taken = ask(proxy, "POST", "/-/api/events", big(proxy, most))
    assert taken.status == 200, taken
    try:
        status = ask(proxy, "POST", "/-/api/events", big(proxy, most + 1)).status
    except (ConnectionError, OSError):  # it hung up while the rest was on its way
        status = 413
    assert status == 413


def test_a_tail_comes_as_it_is_sent(proxy: Proxy, server: Server):
    connection = proxy.connect()
    connection.request("GET", "/-/api/tail?fields=id")
    answer = connection.getresponse()
    assert answer.status == 200
    assert answer.readline().startswith(b"retry:")  # at once, with nothing behind it
    id_ = f"tailed-{proxy.name}"
    event = {"source": "own", "scope": "tail", "id": id_}
    began = time.monotonic()
    assert server.ask("POST", "/-/api/events", {"events": [event]}).status == 200
    while id_.encode() not in answer.readline():
        pass
    assert time.monotonic() - began < 5  # a quarter of a second, if the machine has nothing else
    connection.close()


def test_a_request_has_a_name(proxy: Proxy):
    reply = ask(proxy, "GET", "/-/healthz")
    assert reply.headers["x-request-id"]


def test_every_proxy_of_the_folder_is_known_here():
    assert {file.name for file in FOLDER.iterdir()} == FILES
    traefik = yaml.safe_load((FOLDER / "traefik.yml").read_text())["http"]
    service = traefik["services"][traefik["routers"]["runwell"]["service"]]["loadBalancer"]
    assert service["responseForwarding"]["flushInterval"] == "-1ms"
    assert service["servers"] == [{"url": f"http://127.0.0.1:{Config().port}"}]


@pytest.mark.parametrize("name", sorted(FILES - {"traefik.yml"}))
def test_bounds_of_proxies_are_ours(name: str):
    text = (FOLDER / name).read_text()
    sizes = {"nginx.conf": "client_max_body_size 16m", "Caddyfile": "max_size 16MiB"}
    assert sizes.get(name, str(Config().body_bytes_max)) in text
    assert str(Config().keep_alive_seconds) in text
    assert Config().tail_heartbeat_seconds * 4 < 75
