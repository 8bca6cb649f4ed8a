"""The proxies of contrib/proxy as processes: their files as they are, but for addresses."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import ssl
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "contrib" / "proxy"
APACHE_MODULES = (
    *("mpm_event", "authz_core", "unixd", "ssl", "socache_shmcb", "proxy", "proxy_http"),
    *("headers", "reqtimeout", "unique_id", "log_config"),
)
BUILT_IN = {"unixd", "log_config"}  # in Debian's


def program_of(name: str) -> str:
    """Where the proxy is; "" if it is not installed."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin") or ""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def replaced(text: str, *changes: tuple[str, str]) -> str:
    """The text with each of these changed: what is not in it any more is an error."""
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


@dataclass
class Proxy:
    """One proxy before one server."""

    name: str
    folder: Path
    server: str

    def __post_init__(self) -> None:
        self.port = free_port()
        self.folder.mkdir()
        self.address = f"127.0.0.1:{self.port}"
        self.behind = ("127.0.0.1:8080", urlsplit(self.server).netloc)
        key, cert = self.folder / "runwell.key", self.folder / "runwell.pem"
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
        command += ["-subj", "/CN=runwell.example", "-keyout", str(key), "-out", str(cert)]
        subprocess.run(command, check=True, capture_output=True)
        self.secured = (("/etc/ssl/runwell.pem", str(cert)), ("/etc/ssl/runwell.key", str(key)))

    def command(self) -> list[str]:
        program = program_of(self.name)
        match self.name:
            case "nginx":
                return [program, "-e", "stderr", "-c", str(self._nginx()), "-g", "daemon off;"]
            case "haproxy":
                return [program, "-db", "-f", str(self._haproxy())]
            case "apache2":
                return [program, "-f", str(self._apache()), "-DFOREGROUND"]
        return [program, "run", "--config", str(self._caddy()), "--adapter", "caddyfile"]

    def _write(self, text: str) -> Path:
        file = self.folder / "conf"
        file.write_text(text)
        return file

    def _nginx(self) -> Path:
        site = replaced(
            (FOLDER / "nginx.conf").read_text(),
            ("listen 443 ", f"listen {self.address} "),
            self.behind,
            *self.secured,
        )
        user = "user root;\n" if os.geteuid() == 0 else ""  # who may write into our folder
        folders = "".join(
            f"{kind}_temp_path {self.folder}/{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        return self._write(
            f"{user}pid {self.folder}/pid;\nworker_processes 1;\nevents {{}}\n"
            f"http {{\naccess_log off;\n{folders}{site}}}\n"
        )

    def _haproxy(self) -> Path:
        both = self.folder / "both.pem"
        both.write_text("".join(Path(file).read_text() for _, file in self.secured))
        return self._write(
            replaced(
                (FOLDER / "haproxy.cfg").read_text(),
                ("bind :443 ", f"bind {self.address} "),
                ("/etc/ssl/runwell.pem", str(both)),
                self.behind,
            )
        )

    def _apache(self) -> Path:
        modules = "".join(
            f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"
            for name in APACHE_MODULES
            if name not in BUILT_IN
        )
        site = replaced(
            (FOLDER / "apache.conf").read_text(),
            ("*:443", self.address),
            self.behind,
            *self.secured,
        )
        return self._write(
            f"ServerRoot {self.folder}\nServerName localhost\nListen {self.address}\n"
            f"PidFile {self.folder}/pid\nDefaultRuntimeDir {self.folder}\n"
            f"ErrorLog {self.folder}/log\nUser www-data\nGroup www-data\n{modules}{site}"
        )

    def _caddy(self) -> Path:
        site = (FOLDER / "Caddyfile").read_text()
        own = f"http://{self.address} {{\n"
        options = "{\n\tadmin off\n\tauto_https off\n}\n"
        return self._write(options + replaced(site, ("runwell.example {\n", own), self.behind))

    def __enter__(self) -> Proxy:
        self.log = (self.folder / "said").open("wb")
        self.process = subprocess.Popen(
            self.command(),
            stdout=self.log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={"HOME": str(self.folder), "PATH": "/usr/bin:/usr/sbin"},
        )
        if not self._is_up():
            self.__exit__()
            raise AssertionError((self.folder / "said").read_text())
        return self

    def _is_up(self) -> bool:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return True
            if self.process.poll() is not None:
                return False
            time.sleep(0.05)
        return False

    def __exit__(self, *_: object) -> None:
        # A tail that is still open would hold up its end; the proxies have workers, too.
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(30)
        self.log.close()

    def connect(self) -> http.client.HTTPConnection:
        if self.name == "caddy":
            return http.client.HTTPConnection(self.address, timeout=30)
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return http.client.HTTPSConnection(self.address, timeout=30, context=context)
