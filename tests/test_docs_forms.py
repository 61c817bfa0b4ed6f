"""What docs/scripting.md and docs/mcp.md say of forms: the program prints and takes just these."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localsearch.cli.results import as_json
from localsearch.cli.status import status_json
from tools import reference

if TYPE_CHECKING:
    from localsearch.api import Index

_PROJECT = Path(__file__).parent.parent
_SCRIPTING = (_PROJECT / "docs/scripting.md").read_text(encoding="utf-8")
_AGENTS = (_PROJECT / "docs/mcp.md").read_text(encoding="utf-8")


def examples(page: str) -> list[Any]:
    """The JSON in a page; raises where a block isn't any."""
    return [json.loads(block) for block in re.findall(r"```json\n(.*?)```", page, re.DOTALL)]


def paragraphs(*beginnings: str) -> str:
    """The paragraphs and points of the page that begin so, each of which there is once."""
    parts = re.split(r"\n\n|\n(?=- )", _SCRIPTING)
    found = [[part for part in parts if part.startswith(each)] for each in beginnings]
    assert [len(each) for each in found] == [1] * len(beginnings), beginnings
    return " ".join(part for [part] in found)


def named(text: str, names: set[str]) -> set[str]:
    """Those of `names` that a text has as code of their own."""
    return {name for name in names if re.search(rf"`{name}(\.\w+)?`", text)}


def answer_to(index: Index, text: str) -> dict[str, Any]:
    *_, stage = index.search(index.parse(text))
    answer = json.loads(as_json(stage, text, index.problems(text)))
    assert isinstance(answer, dict)
    return answer


def test_an_answer_has_the_fields_that_are_documented(filled: Index) -> None:
    answer = answer_to(filled, "how old is the queen kind:txet")
    example = examples(_SCRIPTING)[0]
    assert set(answer) == set(example)
    result, shown = answer["results"][0], example["results"][0]
    assert set(shown) <= set(result)
    for part in ("why", "locator"):
        assert set(shown[part]) <= set(result[part])
    for part in ("timings_ms", "coverage"):
        assert set(example[part]) == set(answer[part])
    # What the example doesn't show is said below it.
    rest = set(result) - set(shown)
    assert rest
    assert named(paragraphs("- `copies` of a result", "- `same_text` says"), rest) == rest
    fields = set(answer["problems"][0])
    assert named(paragraphs("- `problems` names"), fields) == fields


def test_the_status_has_the_fields_that_are_documented(filled: Index) -> None:
    status = status_json(filled.status(), filled.remarks())
    fields = set(status) | set(status["files"])
    assert named(paragraphs("`status --json` prints"), fields) == fields


def test_agents_are_told_of_commands_that_exist() -> None:
    servers = []
    for form in examples(_AGENTS):
        [(key, value)] = form.items()
        assert key in ("mcpServers", "servers", "context_servers")
        servers.append(value["localsearch"])
    [toml] = re.findall(r"```toml\n(.*?)```", _AGENTS, re.DOTALL)
    servers.append(tomllib.loads(toml)["mcp_servers"]["localsearch"])
    started = [[each["command"], *each["args"]] for each in servers if "command" in each]
    started += [shlex.split(line) for line in re.findall(r" -- (localsearch [\w -]+)", _AGENTS)]
    assert len(started) > 4
    for program, command, *rest in started:
        assert (program, rest) == ("localsearch", [])
        assert command in dict(reference.commands())
    [over_http] = [each for each in servers if "url" in each]
    [port] = [each for each in dict(reference.commands())["mcp"].params if each.name == "port"]
    assert over_http["url"] == f"http://127.0.0.1:{port.default}/mcp"
    assert list(over_http["headers"]) == ["Authorization"]
