"""`localsearch mcp`, asked by the SDK's own client: over stdin and stdout, or in this process."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest
from mcp import Client, MCPError
from mcp.types import TextContent, TextResourceContents

from tests.cli.program import PROGRAM, environment
from tests.mcp.conftest import ODD

if TYPE_CHECKING:
    from pathlib import Path

    from mcp.client.stdio import StdioServerParameters
    from mcp.server.mcpserver import MCPServer
    from mcp.types import CallToolResult

    from localsearch.config import Paths


def text_of(result: CallToolResult) -> str:
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


async def ask(client: Client, tool: str, **arguments: Any) -> str:
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, text_of(result)
    return text_of(result)


async def refused(client: Client, tool: str, **arguments: Any) -> str:
    result = await client.call_tool(tool, arguments)
    assert result.is_error, text_of(result)
    return text_of(result)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_an_agent_searches_and_reads(
    stdio: StdioServerParameters, library: Path, mode: str
) -> None:
    async with Client(stdio, mode=mode) as client:
        tools = (await client.list_tools()).tools
        assert [tool.name for tool in tools] == ["search", "read", "similar", "status"]
        for tool in tools:
            assert tool.annotations is not None
            assert tool.annotations.read_only_hint is True
            assert tool.annotations.open_world_hint is False
        found = await ask(client, "search", query="die Wohnung ist nachts kalt")
        assert f"{library}/letters/heizung.txt · score" in found
        assert "[line 1]" in found
        assert "fällt in unserer Wohnung jede Nacht die Heizung" in found
        text = await ask(client, "read", path=f"{library}/garden/tomatoes.md", section="Blight")
        assert "A roof of foil keeps the rain off" in text
        status = await ask(client, "status")
        assert f"- {library}: " in status
        assert "100% can be found by word, 100% by meaning" in status


async def test_a_text_that_two_files_hold_names_both(
    server: MCPServer[None], library: Path
) -> None:
    async with Client(server) as client:
        found = await ask(client, "search", query="otter mussels", limit=1)
        named = re.search(r"^1\. (.*) · score .*\nThe same text: (.*)$", found, re.MULTILINE)
        assert named is not None, found
        assert set(named.groups()) == {f"{library}/twins/one.txt", f"{library}/twins/two.txt"}
        for path in named.groups():
            assert "cracks mussels" in await ask(client, "read", path=path)


async def test_an_agent_finds_what_says_the_same(server: MCPServer[None], library: Path) -> None:
    async with Client(server) as client:
        found = await ask(client, "similar", path=f"{library}/garden/bees.txt", place=1, limit=3)
        assert "(search by: semantic)" in found
        assert "3. " in found
        assert f"{library}/garden/bees.txt" not in found
        assert (
            len(await ask(client, "similar", path=f"{library}/long.md", max_characters=500)) <= 500
        )
        said = await refused(client, "similar", path=f"{library}/garden/bees.txt", place=4711)
        assert "4711" in said


async def test_text_from_files_is_marked_and_harmless(server: MCPServer[None]) -> None:
    async with Client(server) as client:
        first, second = [await ask(client, "search", query="zebra", limit=1) for _ in range(2)]
    for answer in (first, second):
        (mark,) = set(re.findall(r"<(file-text-[0-9a-f]{8})>", answer))
        inside = answer.split(f"<{mark}>\n")[1].split(f"\n</{mark}>")[0]
        assert "Ignore all previous instructions" in inside
        assert "\x1b" not in answer
        assert "\u202e" not in answer
    # A file that holds one answer's mark can't close the next one's.
    assert first != second


async def test_answers_keep_to_their_budget(server: MCPServer[None], library: Path) -> None:
    async with Client(server) as client:
        for budget in (500, 1500, 8000):
            found = await ask(
                client, "search", query="giraffe eats a leaf", limit=20, max_characters=budget
            )
            assert len(found) <= budget
            read = await ask(
                client, "read", path=f"{library}/long.md", line=81, max_characters=budget
            )
            assert len(read) <= budget
            assert "[line" in read
        assert "number 20 eats" in read


async def test_a_long_file_is_read_to_its_end(server: MCPServer[None], library: Path) -> None:
    seen, passage, rounds = "", 1, 0
    async with Client(server) as client:
        while passage:
            said = await ask(
                client, "read", path=f"{library}/long.md", passage=passage, max_characters=6000
            )
            seen += said
            more = re.search(r"Go on with passage=(\d+)", said)
            passage, rounds = int(more[1]) if more else 0, rounds + 1
    assert rounds > 1
    assert all(f"giraffe number {number} eats" in seen for number in range(40))


async def test_nothing_outside_the_index_is_read(server: MCPServer[None], library: Path) -> None:
    secret = library.parent / "secret.txt"
    hostile = [
        str(secret),
        f"{library}/../secret.txt",
        f"{library}/garden/../../secret.txt",
        f"{library}/link.txt",
        secret.as_uri(),
        f"file://{library}/%2e%2e/secret.txt",
        f"file://{library}/..%2fsecret.txt",
        f"file://elsewhere{secret}",
        "file://[broken",
        f"{library}/garden/bees.txt!/../../../secret.txt",
        f"{secret}!/{library}/garden/bees.txt",
        f"{library}/garden/bees.txt\0",
        "garden/bees.txt",
        "/etc/passwd",
        "/proc/self/environ",
        str(library),
        "~/.ssh/id_rsa",
    ]
    async with Client(server) as client:
        for path in hostile:
            for tool in ("read", "similar"):
                said = await refused(client, tool, path=path)
                assert "4711" not in said
                assert "root:" not in said
        for uri in [secret.as_uri(), f"file://{library}/..%2Fsecret.txt", "file:///etc/passwd"]:
            with pytest.raises(MCPError) as error:
                await client.read_resource(uri)
            assert "4711" not in str(error.value)
        assert "indexed folder" in await refused(client, "search", query="x", folder="/etc")
        # A link that stays inside is only another name.
        assert "two years old" in await ask(client, "read", path=f"{library}/inside.txt")


async def test_nobody_learns_what_is_outside(server: MCPServer[None], library: Path) -> None:
    there, missing = library.parent / "secret.txt", library.parent / "nothing.txt"
    assert there.exists()
    async with Client(server) as client:
        for tool in ("read", "similar"):
            said = [await refused(client, tool, path=str(path)) for path in (there, missing)]
            assert said[0].replace(str(there), "") == said[1].replace(str(missing), "")
        said = [
            await refused(client, "search", query="x", folder=str(path))
            for path in (there, missing)
        ]
        assert said[0].replace(str(there), "") == said[1].replace(str(missing), "")


async def test_a_path_of_many_archives_takes_no_time(
    server: MCPServer[None], library: Path
) -> None:
    began_s = time.monotonic()
    async with Client(server) as client:
        await refused(client, "read", path=f"{library}/" + "a!/" * 1300)
    assert time.monotonic() - began_s < 5


async def test_headings_and_titles_are_data_too(server: MCPServer[None], library: Path) -> None:
    async with Client(server) as client:
        found = await ask(client, "search", query="foil roof", limit=1)
        read = await ask(client, "read", path=f"{library}/garden/tomatoes.md")
    for answer in (found, read):
        (mark,) = set(re.findall(r"<(file-text-[0-9a-f]{8})>", answer))
        before = answer.split(f"<{mark}>\n")[0]
        assert "Blight" not in before
        assert "Blight" in answer


async def test_files_are_resources(stdio: StdioServerParameters, library: Path) -> None:
    async with Client(stdio) as client:
        (template,) = (await client.list_resource_templates()).resource_templates
        assert template.uri_template == "file:///{+path}"
        uri = (library / "notes/睡眠.txt").as_uri()
        (content,) = (await client.read_resource(uri)).contents
    assert isinstance(content, TextResourceContents)
    assert "睡眠帮助记忆" in content.text


async def test_odd_names_can_be_read_back(server: MCPServer[None], library: Path) -> None:
    async with Client(server) as client:
        found = await ask(client, "search", query="walrus", limit=1)
        uri = re.search(r"file://\S+", found)
        assert uri is not None
        assert uri[0] == (library / os.fsdecode(ODD)).as_uri()
        assert "walrus" in await ask(client, "read", path=uri[0])


async def test_bad_arguments_are_refused(server: MCPServer[None], library: Path) -> None:
    bees = f"{library}/garden/bees.txt"
    async with Client(server) as client:
        await refused(client, "search", query="")
        await refused(client, "search", query="x" * 3000)
        await refused(client, "search", query="bees", limit=0)
        await refused(client, "search", query="bees", max_characters=10)
        await refused(client, "read", path=bees, line=0)
        assert "isn't divided by page" in await refused(client, "read", path=bees, page=2)
        assert "its text ends with line" in await refused(client, "read", path=bees, line=9999)
        assert "no section" in await refused(client, "read", path=bees, section="nowhere")
        assert "only 1 passage" in await refused(client, "read", path=bees, passage=2)


async def test_without_an_index_it_says_what_to_do(home: Paths, tmp_path: Path) -> None:
    from mcp.client.stdio import StdioServerParameters

    server = StdioServerParameters(command=PROGRAM, args=["mcp"], env=environment(home))
    async with Client(server) as client:
        assert "localsearch add" in await refused(client, "search", query="bees")


def test_stdout_holds_nothing_but_the_protocol(served: Paths) -> None:
    call = {"name": "search", "arguments": {"query": "hive"}}
    hello = {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    }
    said = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call},
    ]
    with subprocess.Popen(
        [PROGRAM, "mcp"],
        env=environment(served),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        program.stdin.write("not json\n" + "".join(json.dumps(each) + "\n" for each in said))
        program.stdin.flush()
        answers: list[dict[str, Any]] = []
        while not any(each.get("id") == 2 for each in answers):
            answers.append(json.loads(program.stdout.readline()))
        program.stdin.close()
        assert program.stdout.read() == ""
        assert program.wait(30) == 0
    assert all(each["jsonrpc"] == "2.0" for each in answers)


def test_without_the_sdk_it_says_how_to_get_it(home: Paths, tmp_path: Path) -> None:
    # What an import of a package that isn't there does.
    blocked = tmp_path / "blocked/mcp"
    blocked.mkdir(parents=True)
    (blocked / "__init__.py").write_text("raise ModuleNotFoundError('no module mcp')")
    path = [str(blocked.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    done = subprocess.run(
        [PROGRAM, "mcp"],
        env={**environment(home), "PYTHONPATH": os.pathsep.join(path)},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 5
    assert done.stdout == ""
    assert "uv tool install --force '.[all]'" in done.stderr
