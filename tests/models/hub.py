"""A hub on this machine: speaks as Hugging Face and ModelScope do, and misbehaves on request.

The answers are those that huggingface_hub's `get_hf_file_metadata` and `http_get` read: a HEAD on
`/REPO/resolve/main/FILE` redirects to another host and carries the LFS metadata in its headers; a
GET on it redirects there too, where ranges are served.
"""

from __future__ import annotations

import hashlib
import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

HTML = b"<!DOCTYPE html><html><body>Please log in to the network</body></html>"


@dataclass
class Request:
    """What a client asked for."""

    method: str
    host: str
    path: str
    range: str | None
    authorization: str | None
    user_agent: str


@dataclass
class Hub:
    """What the hub serves, how it misbehaves, and what it was asked."""

    files: dict[str, bytes] = field(default_factory=dict)
    """Contents by `REPO/FILE`."""
    announced: dict[str, bytes] = field(default_factory=dict)
    """Contents that the metadata describes, where they differ from what's served."""
    metadata_status: int = 200
    """Status of Hugging Face's HEAD; 200 means the redirect of a healthy hub."""
    modelscope_status: int = 200
    html_metadata: bool = False
    html_content: bool = False
    ignores_ranges: bool = False
    break_after: list[int] = field(default_factory=list)
    """For each of the next content requests: bytes after which the connection is closed."""
    stall_after: list[int] = field(default_factory=list)
    """For each of the next content requests: bytes after which nothing comes any more."""
    requests: list[Request] = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)
    sent: threading.Event = field(default_factory=threading.Event)
    """Set once a stalling answer has sent its bytes."""
    port: int = 0

    @property
    def endpoint(self) -> str:
        """What HF_ENDPOINT and MODELSCOPE_DOMAIN are set to."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def content_requests(self) -> list[Request]:
        """The requests for the bytes of a file, redirects left out."""
        return [each for each in self.requests if each.path.startswith("/cdn/")]


@contextmanager
def serve() -> Iterator[Hub]:
    """Run a hub in a thread for as long as the context lasts."""
    hub = Hub()
    server = _Server(("127.0.0.1", 0), _handler_of(hub))
    server.daemon_threads = True
    hub.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield hub
    finally:
        hub.release.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up in the middle is what some tests are about."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _handler_of(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(_Handler):
        served = hub

    return Handler


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    served: Hub

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name it has there
        """Say nothing."""

    def do_HEAD(self) -> None:
        self._record()
        key = self._resolved("main")
        if self.served.html_metadata:
            self._answer(200, HTML, {"Content-Type": "text/html"})
        elif self.served.metadata_status != 200:
            self._answer(self.served.metadata_status)
        elif key not in self.served.files:
            self._answer(404, headers={"X-Error-Code": "EntryNotFound"})
        else:
            content = self.served.announced.get(key, self.served.files[key])
            self._answer(
                302,
                headers={
                    "Location": self._cdn(key),
                    "X-Repo-Commit": "0" * 40,
                    "X-Linked-Size": str(len(content)),
                    "X-Linked-ETag": f'"{hashlib.sha256(content).hexdigest()}"',
                },
            )

    def do_GET(self) -> None:
        self._record()
        path = urlsplit(self.path).path
        if path.startswith("/cdn/"):
            self._content(path.removeprefix("/cdn/"))
        elif path.startswith("/api/v1/models/"):
            self._modelscope_list(path.removeprefix("/api/v1/models/").removesuffix("/repo/files"))
        else:
            key = self._resolved("main") or self._resolved("master").removeprefix("models/")
            self._answer(302, headers={"Location": self._cdn(key)})

    def _modelscope_list(self, repo: str) -> None:
        if self.served.modelscope_status != 200:
            self._answer(self.served.modelscope_status)
            return
        rows = [
            {
                "Name": key.rpartition("/")[2],
                "Path": key.removeprefix(f"{repo}/"),
                "Type": "blob",
                "Size": len(content),
                "Sha256": hashlib.sha256(content).hexdigest(),
                "Revision": "0" * 40,
            }
            for key, content in self.served.files.items()
            if key.startswith(f"{repo}/")
        ]
        body = json.dumps({"Code": 200, "Data": {"Files": rows}, "Success": True}).encode()
        self._answer(200, body, {"Content-Type": "application/json"})

    def _content(self, key: str) -> None:
        if self.served.html_content:
            self._answer(200, HTML, {"Content-Type": "text/html"})
            return
        content = self.served.files[key]
        start = 0
        asked = self.headers.get("Range")
        if asked and not self.served.ignores_ranges:
            start = int(asked.removeprefix("bytes=").partition("-")[0])
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        rest = content[start:]
        if self.served.break_after:
            self.wfile.write(rest[: self.served.break_after.pop(0)])
            self.close_connection = True
        elif self.served.stall_after:
            self.wfile.write(rest[: self.served.stall_after.pop(0)])
            self.wfile.flush()
            self.served.sent.set()
            self.served.release.wait(30)
            self.close_connection = True
        else:
            self.wfile.write(rest)

    def _answer(
        self, status: int, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _record(self) -> None:
        self.served.requests.append(
            Request(
                self.command,
                self.headers.get("Host", "").partition(":")[0],
                urlsplit(self.path).path,
                self.headers.get("Range"),
                self.headers.get("Authorization"),
                self.headers.get("User-Agent", ""),
            )
        )

    def _resolved(self, revision: str) -> str:
        repo, found, file = urlsplit(self.path).path.partition(f"/resolve/{revision}/")
        return f"{repo.lstrip('/')}/{file}" if found else ""

    def _cdn(self, key: str) -> str:
        # Another host name of this machine: a redirect away from the hub, as real ones are.
        return f"http://localhost:{self.served.port}/cdn/{key}"
