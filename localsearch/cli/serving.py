"""`mcp`: lets AI agents search and read the index."""

from __future__ import annotations

import importlib

import click

from localsearch.cli.output import note

_PORT = 8737


@click.command("mcp")
@click.option("--http", is_flag=True, help="Serve HTTP on this machine, instead of stdin/stdout.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=_PORT,
    show_default=True,
    help="The port for --http; 0 takes any that's free.",
)
def serve(http: bool, port: int) -> int:
    """Let AI agents search and read what is indexed, over the Model Context Protocol.

    Agents start it themselves and talk to it through stdin and stdout; docs/mcp.md shows how to
    tell them. With --http it listens on 127.0.0.1 alone, and asks for a token. It only reads.
    """
    try:
        # Before ours, which fail in the same way where only a part of it is installed.
        for name in ("mcp.server.mcpserver", "pydantic", "starlette", "uvicorn"):
            importlib.import_module(name)
    except ImportError as error:
        from localsearch.types import INSTALL_ALL, LocalsearchError

        raise LocalsearchError(
            f"the library that agents are spoken to with isn't installed: {error}",
            INSTALL_ALL,
        ) from error
    from localsearch.api import open_index
    from localsearch.mcp.server import build_server

    with open_index() as index:
        server = build_server(index)
        if not http:
            server.run("stdio")
            return 0
        from localsearch.mcp.http import load_token, serve_http

        token_file = index.paths.mcp_token_file
        token = load_token(token_file)

        def say(url: str) -> None:
            note(f"serving {url}; the token is in {token_file}; Ctrl-C stops")

        serve_http(server, port=port, token=token, on_ready=say)
    return 0
