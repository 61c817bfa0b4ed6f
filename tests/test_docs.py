"""The documentation and the program agree, both ways: commands, options, settings, keys, links."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path
from urllib.parse import unquote

import click
import msgspec
import pytest

from localsearch.config import Settings
from localsearch.query.syntax import FILTER_NAMES
from tools import reference

_PROJECT = Path(__file__).parent.parent
_PAGES = sorted((*_PROJECT.glob("*.md"), *_PROJECT.glob("docs/*.md")))
_NAMES = [str(page.relative_to(_PROJECT)) for page in _PAGES]
_COMMANDS = dict(reference.commands())
_PROGRAM = re.compile(r"(?:localsearch|lsx)\s+(.*)")
# What stands for a path, or for any command, where a command may stand.
_NO_COMMAND = re.compile(r"[./~\[]|COMMAND$|NAME$|PATH$|-h$|--help$|--version$")


def read(page: Path | str) -> str:
    return (_PROJECT / page).read_text(encoding="utf-8")


def code_of(text: str) -> list[str]:
    """Each line of the blocks of code, and each span of it."""
    blocks = re.findall(r"^```(?:sh|bat|console)?\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    rest = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    blocks += re.findall(r"^(?: {4}.*\n?)+", rest, re.MULTILINE)
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    spans = re.findall(r"`([^`]+)`", rest)
    return lines + [" ".join(span.replace("\\|", "|").split()) for span in spans]


def invocations(text: str) -> list[list[str]]:
    """The arguments of each call of the program in the code of a page."""
    found = []
    for line in code_of(text):
        called = _PROGRAM.match(re.sub(r"^(?:\$ |\w+=\S+ )+", "", line))
        if called is None:
            continue
        plain = re.split(r"(?:^| )[#|;&<>]| {3}", called[1])[0].replace("…", "")
        try:
            words = shlex.split(plain)
        except ValueError:
            words = plain.split()
        if words:
            found.append(words)
    return found


def what_is_wrong(words: list[str]) -> str:
    """What the program doesn't know of a call; "" when it knows all of it."""
    if _NO_COMMAND.match(words[0]):
        return ""
    command = _COMMANDS.get(words[0])
    if command is None:
        return f"no command {words[0]}"
    rest = words[1:]
    if isinstance(command, click.Group):
        if not rest or re.fullmatch(r"[\w|]+\|\w+", rest[0]) or rest[0] in ("--help", "COMMAND"):
            return ""
        command = _COMMANDS.get(f"{words[0]} {rest[0]}")
        if command is None:
            return f"no command {words[0]} {rest[0]}"
    known = {
        name for each in reference.options(command) for name in (*each.opts, *each.secondary_opts)
    }
    for word in rest:
        if word == "--":
            break
        name = word.strip("[]").partition("=")[0]
        if re.fullmatch(r"--?[a-zA-Z0][\w-]*", name) and name not in known | {"--help", "-h"}:
            return f"{words[0]} has no {name}"
    return ""


@pytest.mark.parametrize("page", _NAMES)
def test_commands_and_options_in_it_exist(page: str) -> None:
    wrong = [what for words in invocations(read(page)) if (what := what_is_wrong(words))]
    assert not wrong


@pytest.mark.parametrize(
    "code",
    [
        "`localsearch serch x`",
        "`localsearch search --jsn x`",
        "`lsx models fetch x`",
        "```sh\nlocalsearch models pull x --fast\n```",
        "Do this:\n\n    LOCALSEARCH_DEBUG=1 localsearch index --ful\n",
    ],
)
def test_a_wrong_one_would_be_noticed(code: str) -> None:
    [words] = invocations(code)
    assert what_is_wrong(words)


def test_the_readme_and_the_pages_name_many_commands() -> None:
    named = {words[0] for page in _NAMES for words in invocations(read(page))}
    assert {name for name in _COMMANDS if " " not in name} <= named


def test_the_reference_pages_are_what_the_program_says() -> None:
    remedy = "python -m tools.reference writes them anew"
    assert read("docs/commands.md") == reference.command_page(), remedy
    assert read("docs/keys.md") == reference.key_page(), remedy


def test_every_setting_stands_in_its_page_with_its_default() -> None:
    [block] = re.findall(r"```toml\n(.*?)```", read("docs/settings.md"), re.DOTALL)
    defaults = msgspec.json.decode(msgspec.json.encode(Settings()))
    assert tomllib.loads(block) == defaults


@pytest.mark.parametrize("page", _NAMES)
def test_settings_shown_in_it_exist(page: str) -> None:
    blocks = re.findall(r"```toml\n(.*?)```", read(page), re.DOTALL)
    blocks += [
        "\n".join(line.strip() for line in block.splitlines())
        for block in re.findall(r"^ {4}\[\w+\]\n(?: {4}.*\n?)+", read(page), re.MULTILINE)
    ]
    defaults = msgspec.json.decode(msgspec.json.encode(Settings()))
    for block in blocks:
        for section, values in tomllib.loads(block).items():
            if section in ("mcp_servers", "project"):  # Of other programs.
                continue
            assert set(values) <= set(defaults[section])


@pytest.mark.parametrize("page", _NAMES)
def test_keys_in_it_are_keys_of_the_program(page: str) -> None:
    spelling = re.compile(r"\b(?:Ctrl|Alt)-(?:Shift-)?\w\b|\bF\d\b")
    keys = {key.casefold() for key in spelling.findall(reference.key_page())}
    assert len(keys) > 15
    assert {key.casefold() for key in spelling.findall(read(page))} <= keys


def test_every_filter_of_the_query_language_is_documented() -> None:
    page = read("docs/query-language.md")
    assert {name for name in FILTER_NAMES if f"`{name}:" in page} == set(FILTER_NAMES)


def test_variables_of_the_environment_are_those_of_the_program() -> None:
    sources = [*_PROJECT.glob("localsearch/**/*.py"), *_PROJECT.glob("tui/**/*.py")]
    used = {name for file in sources for name in re.findall(r"LOCALSEARCH_[A-Z]+", read(file))}
    written = {name for page in _NAMES for name in re.findall(r"LOCALSEARCH_[A-Z]+", read(page))}
    # Click's own, for completion; and that of the long campaigns.
    assert written - {"LOCALSEARCH_COMPLETE", "LOCALSEARCH_LONG"} == used


def anchors(page: Path) -> set[str]:
    """What a link may point to, by GitHub's rule."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


@pytest.mark.parametrize("page", _NAMES)
def test_links_lead_somewhere(page: str) -> None:
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", read(page)):
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = unquote(link).partition("#")
        target = (_PROJECT / page).parent / path if path else _PROJECT / page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert not broken


@pytest.mark.parametrize("page", _NAMES)
def test_files_modules_targets_and_extras_in_it_exist(page: str) -> None:
    text = read(page)
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))
    extras = tomllib.loads(read("pyproject.toml"))["project"]["optional-dependencies"]
    wrong = [
        name
        for name in re.findall(r"`((?:tests|docs|benchmarks|localsearch|tools)/[\w/.]+)`", text)
        if not (_PROJECT / name).exists()
    ]
    wrong += [
        name
        for name in re.findall(r"python -m ((?:benchmarks|tools)\.\w+)", text)
        if not (_PROJECT / (name.replace(".", "/") + ".py")).exists()
    ]
    wrong += [
        name
        for name in re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE)
        if name not in targets
    ]
    wrong += [name for name in re.findall(r"localsearch\[(\w+)\]", text) if name not in extras]
    assert not wrong


def test_modules_and_folders_of_the_architecture_exist() -> None:
    named = re.findall(r"`([\w/]+(?:\.py|/))`", read("docs/architecture.md"))
    packages = [_PROJECT / name for name in ("localsearch", "converters", "tui")]
    modules = {path.name for package in packages for path in package.rglob("*.py")}
    folders = {path.name for package in packages for path in package.rglob("*") if path.is_dir()}
    assert len(named) > 50
    for name in named:
        last = Path(name).name
        assert last in modules | folders or (_PROJECT / name).exists(), name


def test_every_page_is_reachable_from_the_readme() -> None:
    linked = set(re.findall(r"\]\((docs/[\w-]+\.md)", read("README.md")))
    assert {name for name in _NAMES if name.startswith("docs/")} == linked


def test_every_benchmark_that_can_be_run_is_named() -> None:
    named = set(re.findall(r"python -m benchmarks\.(\w+)", read("docs/benchmarks.md")))
    runnable = {
        path.stem
        for path in (_PROJECT / "benchmarks").glob("*.py")
        if '__name__ == "__main__"' in path.read_text(encoding="utf-8")
    }
    assert len(runnable) > 10
    assert runnable <= named
