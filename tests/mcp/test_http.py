"""`localsearch mcp --http`: the SDK's client gets in with the token, nobody else does."""

from __future__ import annotations

import os
import re
import signal
import socket
import stat
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx2
import psutil
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from tests.cli.program import PROGRAM, environment, run
from tests.mcp.test_stdio import ask, refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from localsearch.config import Paths

_HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}


@dataclass(frozen=True)
class Running:
    url: str
    token: str
    pid: int

    @property
    def port(self) -> int:
        return int(self.url.split(":")[2].split("/")[0])

    def hello(self, **headers: str | None) -> httpx2.Response:
        """Say hello as the token's owner does; headers by name, None leaves one out."""
        sent: dict[str, str | None] = {
            "accept": "application/json, text/event-stream",
            "authorization": f"Bearer {self.token}",
            **headers,
        }
        given = {name: value for name, value in sent.items() if value is not None}
        return httpx2.post(self.url, json=_HELLO, headers=given, trust_env=False)


@pytest.fixture(scope="module")
def running(served: Paths) -> Iterator[Running]:
    with subprocess.Popen(
        [PROGRAM, "mcp", "--http", "--port", "0"],
        env=environment(served),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stderr is not None
        assert program.stdout is not None
        said = program.stderr.readline()
        found = re.search(r"http://\S+/mcp", said)
        assert found is not None, said
        token = served.mcp_token_file.read_text().strip()
        assert token not in said
        yield Running(found[0], token, program.pid)
        program.send_signal(signal.SIGINT)
        assert program.wait(30) in (0, 130)
        assert program.stdout.read() == ""


async def test_an_agent_with_the_token_gets_in(running: Running, library: Path) -> None:
    headers = {"authorization": f"Bearer {running.token}"}
    async with httpx2.AsyncClient(headers=headers, trust_env=False) as http:
        transport = streamable_http_client(running.url, http_client=http)
        async with Client(transport) as client:
            found = await ask(client, "search", query="how old is the queen")
            assert f"{library}/garden/bees.txt" in found
            said = await refused(client, "read", path=f"{library}/../secret.txt")
            assert "4711" not in said


def test_only_the_token_opens_it(running: Running) -> None:
    assert running.hello().status_code == 200
    for wrong in (
        None,
        "",
        "Bearer",
        "Bearer x",
        f"Bearer {running.token[:-1]}",
        f"Bearer {running.token}x",
        f"Basic {running.token}",
        running.token,
    ):
        assert running.hello(authorization=wrong).status_code == 401, wrong
    other = running.url.replace("/mcp", "/")
    assert httpx2.get(other, trust_env=False).status_code == 401
    query = httpx2.get(f"{running.url}?token={running.token}", trust_env=False)
    assert query.status_code == 401


def test_other_hosts_and_origins_are_refused(running: Running) -> None:
    port = running.port
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1", f"127.0.0.1.nip.io:{port}"):
        assert running.hello(host=host).status_code == 421, host
    for origin in (
        "https://evil.example",
        "null",
        "http://localhost",
        f"http://127.0.0.1:{port}.evil.example",
        f"https://127.0.0.1:{port}",
        "file://",
    ):
        assert running.hello(origin=origin).status_code == 403, origin
    assert running.hello(origin=f"http://127.0.0.1:{port}").status_code == 200
    assert running.hello(host=f"localhost:{port}").status_code == 200


def test_a_huge_request_is_refused_before_it_is_held(running: Running) -> None:
    server = psutil.Process(running.pid)
    before = server.memory_info().rss
    headers = {"accept": "application/json, text/event-stream", "content-type": "application/json"}

    def status_of(size: int, token: str | None) -> int:
        body = b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"' + b"a" * size + b'"}}'
        given = headers | ({"authorization": f"Bearer {token}"} if token else {})
        return httpx2.post(running.url, content=body, headers=given, trust_env=False).status_code

    # 4 MB, as docs/mcp.md says.
    assert status_of(3_900_000, running.token) != 413
    assert status_of(4_300_000, running.token) == 413
    assert status_of(50_000_000, None) == 401
    assert status_of(50_000_000, running.token) == 413
    assert server.memory_info().rss - before < 50_000_000
    assert running.hello().status_code == 200


def test_it_listens_on_loopback_alone(running: Running) -> None:
    listening = [
        each.laddr.ip
        for each in psutil.Process(running.pid).net_connections()
        if each.status == psutil.CONN_LISTEN
    ]
    assert listening == ["127.0.0.1"]


def test_the_token_is_private_and_stays(served: Paths, running: Running) -> None:
    assert stat.S_IMODE(served.mcp_token_file.stat().st_mode) == 0o600
    assert len(running.token) >= 40


def test_a_token_that_others_can_read_is_refused(home: Paths) -> None:
    home.mcp_token_file.parent.mkdir(parents=True, exist_ok=True)
    home.mcp_token_file.write_text("x" * 43)
    os.chmod(home.mcp_token_file, 0o644)
    done = run(home, "mcp", "--http", "--port", "0")
    assert done.returncode == 5
    assert f"rm {home.mcp_token_file}" in done.stderr


def test_a_port_that_is_taken_is_said(home: Paths) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run(home, "mcp", "--http", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 2
    assert "--port" in done.stderr
