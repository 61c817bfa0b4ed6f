"""MCP over HTTP, for this machine's own programs: loopback, known hosts and origins, a token."""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
import socket
from typing import TYPE_CHECKING

import uvicorn
from mcp.server.auth.middleware.bearer_auth import BearerAuthBackend, RequireAuthMiddleware
from mcp.server.auth.provider import AccessToken
from mcp.server.transport_security import TransportSecuritySettings
from starlette.middleware.authentication import AuthenticationMiddleware

from localsearch.config import private_dir
from localsearch.types import LocalsearchError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mcp.server.mcpserver import MCPServer
    from starlette.types import ASGIApp, Receive, Scope, Send

# Never a name: it could be made to mean another address.
LOOPBACK = "127.0.0.1"
_TOKEN_BYTES = 32
_GRACE_S = 2


def serve_http(
    server: MCPServer[None], *, port: int, token: str, on_ready: Callable[[str], None]
) -> None:
    """Serve until SIGINT or SIGTERM; `on_ready` gets the URL. Port 0 takes any that's free.

    Raises UsageError where the port is taken.
    """
    with _listen(port) as listener:
        port = listener.getsockname()[1]
        names = [f"{LOOPBACK}:{port}", f"localhost:{port}"]
        protocol = server.streamable_http_app(
            host=LOOPBACK,
            transport_security=TransportSecuritySettings(
                enable_dns_rebinding_protection=True,
                allowed_hosts=names,
                allowed_origins=[f"http://{name}" for name in names],
            ),
        )
        config = uvicorn.Config(
            _Guard(protocol, token),
            log_config=None,
            access_log=False,
            server_header=False,
            ws="none",
            timeout_graceful_shutdown=_GRACE_S,
        )
        on_ready(f"http://{LOOPBACK}:{port}/mcp")
        uvicorn.Server(config).run(sockets=[listener])


def load_token(path: Path) -> str:
    """The token that clients need, made on first use in a file that only the user can read."""
    private_dir(path.parent)
    with contextlib.suppress(FileExistsError):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(_TOKEN_BYTES) + "\n")
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise LocalsearchError(
            f"others may read the token in {path}", f"Delete it, and a new one is made: rm {path}"
        )
    token = path.read_text(encoding="ascii", errors="replace").strip()
    if len(token) < _TOKEN_BYTES:
        raise LocalsearchError(
            f"the token in {path} is too short", f"Delete it, and a new one is made: rm {path}"
        )
    return token


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server((LOOPBACK, port))
    except OSError as error:
        raise UsageError(
            f"port {port} can't be used: {error.strerror}", "Choose another with --port."
        ) from error


class _OneToken:
    """Knows the one token that opens this server."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def verify_token(self, token: str) -> AccessToken | None:
        """Compare in a time that tells nothing of the token."""
        if hmac.compare_digest(token.encode(), self._token.encode()):
            return AccessToken(token=token, client_id="user", scopes=[])
        return None


class _Guard:
    """Lets nothing but the server's own start and end through without the token."""

    def __init__(self, protocol: ASGIApp, token: str) -> None:
        self._protocol = protocol
        self._guarded = AuthenticationMiddleware(
            RequireAuthMiddleware(protocol, []), backend=BearerAuthBackend(_OneToken(token))
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._protocol if scope["type"] == "lifespan" else self._guarded
        await app(scope, receive, send)
