"""`localsearch models …` as people and scripts see it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from localsearch.cli.models_cmd import models
from localsearch.cli.models_table import _fitting_columns
from localsearch.config import Paths, load_settings
from localsearch.engine import starter
from localsearch.models import get_entry
from localsearch.models.catalogue import STARTER_NAME
from localsearch.types import LocalsearchError, ModelError, UsageError
from tests.cli import program
from tests.models.conftest import hub, paths
from tests.models.gguf_files import write_gguf
from tests.models.hub import Hub

__all__ = ["hub", "paths"]

RERANKER = get_entry("Qwen3-Reranker-0.6B")


@pytest.fixture(autouse=True)
def no_starter(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without the [starter] extra."""
    monkeypatch.setattr(starter, "find_starter_weights", lambda: None)


def run(*arguments: str | Path) -> Result:
    """Run the command; an error of ours comes out as it would reach the main program."""
    result = CliRunner().invoke(models, [str(each) for each in arguments])
    if isinstance(result.exception, LocalsearchError):
        raise result.exception
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_list_prints_data_on_stdout_and_advice_on_stderr(paths: Paths, tmp_path: Path) -> None:
    run("add", write_gguf(tmp_path / RERANKER.file))
    result = run("list")
    lines = result.stdout.splitlines()
    assert lines[0].split() == [
        "Model",
        "Role",
        "Here",
        "Size",
        "Fits",
        "Speed",
        "Licence",
        "About",
    ]
    [line] = [line for line in lines if RERANKER.name + " " in line]
    assert line.split()[:4] == ["*", RERANKER.name, "reranker", "yes"]
    assert "pull Qwen3-Embedding-0.6B" in result.stderr
    assert "pull" not in result.stdout


def test_what_has_no_room_in_the_table_stands_beneath() -> None:
    row = ("*", "m" * 30, "embedder", "packed", "639.2 MB", "yes", "", "Apache-2.0", "the best")
    assert [_fitting_columns([row], width) for width in (150, 100, 80, 20)] == [9, 8, 7, 6]


def test_the_starter_is_here_before_it_is_unpacked(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "packed" not in run("list").stdout
    monkeypatch.setattr(starter, "find_starter_weights", lambda: Path("weights"))
    assert run("list").stdout.splitlines()[1].split()[:4] == [
        "*",
        STARTER_NAME,
        "embedder",
        "packed",
    ]


def test_a_model_that_is_not_here_is_a_question_of_usage(paths: Paths) -> None:
    with pytest.raises(LocalsearchError, match="pull Qwen3-Embedding-4B") as used:
        run("use", "Qwen3-Embedding-4B")
    with pytest.raises(LocalsearchError, match="pull Qwen3-Embedding-4B") as added:
        run("add", "Qwen3-Embedding-4B")
    assert (used.value.exit_code, added.value.exit_code) == (2, 2)


def test_settings_that_cannot_be_written_are_named(paths: Paths) -> None:
    # A full disk says the same without a name.
    paths.settings_file.with_suffix(".toml.new").mkdir(parents=True)
    with pytest.raises(LocalsearchError, match=r"settings file .* can't be written"):
        run("use", "none")


def test_list_json_is_one_list_of_objects(paths: Paths, tmp_path: Path) -> None:
    run("add", write_gguf(tmp_path / RERANKER.file))
    rows = {row["name"]: row for row in json.loads(run("list", "--json").stdout)}
    assert rows[RERANKER.name]["installed"] is True
    assert rows[RERANKER.name]["in_use"] is True
    assert rows[RERANKER.name]["path"] == str(paths.models_dir / RERANKER.file)
    assert rows["Qwen3-Embedding-0.6B"] == {
        "name": "Qwen3-Embedding-0.6B",
        "role": "embedder",
        "installed": False,
        "in_use": False,
        "path": None,
        "size_bytes": 639150592,
        "fits_memory": rows["Qwen3-Embedding-0.6B"]["fits_memory"],
        "tokens_per_s": None,
        "candidate_ms": None,
        "note": rows["Qwen3-Embedding-0.6B"]["note"],
        "dimension": 1024,
        "context_tokens": 32768,
        "quantisation": "Q8_0",
        "licence": "Apache-2.0",
        "licence_url": "https://huggingface.co/Qwen/Qwen3-Embedding-0.6B",
        "languages": "over 100, and code",
    }


def test_file_names_reach_the_terminal_as_text(paths: Paths, tmp_path: Path) -> None:
    name = "my\x1b[31m[bold]embedding"
    run("add", write_gguf(tmp_path / f"{name}.gguf"))
    result = run("list")
    assert "my[bold]embedding" in result.stdout
    assert "\x1b" not in result.stdout
    assert any(row["name"] == name for row in json.loads(run("list", "--json").stdout))


def test_use_says_what_happens_to_the_index(paths: Paths, tmp_path: Path) -> None:
    run("add", write_gguf(tmp_path / "my-embedding.gguf"))
    assert "index" not in run("use", "my-embedding").stderr
    paths.index_file.parent.mkdir(parents=True, exist_ok=True)
    paths.index_file.touch()
    assert "localsearch index" in run("use", "my-embedding").stderr
    assert load_settings(paths.settings_file).models.embedder == "my-embedding"
    assert "No reranker" in run("use", "none").stderr


def test_add_says_how_to_use_a_model_of_ones_own(paths: Paths, tmp_path: Path) -> None:
    result = run("add", write_gguf(tmp_path / "my-embedding.gguf"))
    assert "localsearch models use my-embedding" in result.stderr
    assert result.stdout == ""


def test_a_licence_with_conditions_needs_consent(paths: Paths) -> None:
    with pytest.raises(UsageError, match="--accept-licence"):
        run("add", "gemma3-270m")
    with pytest.raises(ModelError, match="aren't on this machine"):
        run("add", "gemma3-270m", "--accept-licence")


def test_bundle_and_add_carry_models_over(
    paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("add", write_gguf(tmp_path / RERANKER.file))
    said = run("bundle", tmp_path / "stick").stderr
    assert f"localsearch models add {tmp_path / 'stick'}" in said
    monkeypatch.setenv("LOCALSEARCH_HOME", str(tmp_path / "elsewhere"))
    assert "reranks from now on" in run("add", tmp_path / "stick").stderr


def test_remove_needs_force_for_a_model_in_use(paths: Paths, tmp_path: Path) -> None:
    run("add", write_gguf(tmp_path / RERANKER.file))
    with pytest.raises(UsageError, match="in use"):
        run("remove", RERANKER.name)
    assert "is deleted" in run("remove", RERANKER.name, "--force").stderr
    assert not (paths.models_dir / RERANKER.file).exists()


def test_pull_fetches_and_says_so(hub: Hub, paths: Paths, tmp_path: Path) -> None:
    content = write_gguf(tmp_path / "served.gguf").read_bytes()
    hub.files[f"{RERANKER.hub_repo}/{RERANKER.hub_file}"] = content
    result = run("pull", RERANKER.name)
    assert "is installed" in result.stderr
    assert "reranks from now on" in result.stderr
    assert (paths.models_dir / RERANKER.file).read_bytes() == content


@pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")
def test_ctrl_c_ends_a_stalled_pull_at_once_and_keeps_what_arrived(
    hub: Hub, paths: Paths, tmp_path: Path
) -> None:
    content = write_gguf(tmp_path / "served.gguf", weights=200_000).read_bytes()
    hub.files[f"{RERANKER.hub_repo}/{RERANKER.hub_file}"] = content
    hub.stall_after = [300_000]
    command = (
        "from localsearch.cli.models_cmd import models\n"
        "from localsearch.types import CancelledError\n"
        "try:\n"
        f"    models(['pull', {RERANKER.name!r}], standalone_mode=False)\n"
        "except CancelledError as error:\n"
        "    print(error)\n"
        "    raise SystemExit(error.exit_code)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", command], stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    ) as process:
        try:
            assert hub.sent.wait(30)
            kept = wait_for_partial_file(paths, process, size=4 * 65_536)
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate(timeout=8)
        finally:
            process.kill()
    assert process.returncode == 130
    assert "kept" in said
    assert content.startswith(kept.read_bytes())
    size = kept.stat().st_size
    assert not (paths.models_dir / RERANKER.file).exists()

    assert "is installed" in run("pull", RERANKER.name).stderr
    assert hub.content_requests[-1].range == f"bytes={size}-"


def wait_for_partial_file(paths: Paths, process: subprocess.Popen[str], size: int) -> Path:
    """The file of the unfinished download, once it holds that many bytes."""
    while process.poll() is None:
        for file in (paths.models_dir / ".partial").glob("*"):
            if file.suffix != ".lock" and file.stat().st_size >= size:
                return file
    raise AssertionError("the program ended early")


def test_the_group_describes_each_command() -> None:
    context = click.Context(models)
    for name in models.list_commands(context):
        command = models.get_command(context, name)
        assert command is not None
        assert command.help


def test_verify_says_what_it_compared_and_ends_with_5_for_a_bad_file(
    paths: Paths, tmp_path: Path
) -> None:
    write_gguf(tmp_path / RERANKER.file)
    run("add", tmp_path / RERANKER.file)
    file = paths.models_dir / RERANKER.file
    stat = file.stat()
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    result = program.run(paths, "models", "verify", RERANKER.name)
    assert "problem  " in result.stdout
    assert "isn't what it was" in result.stdout
    assert result.returncode == 5
    [finding] = json.loads(run("verify", "--json").stdout)
    assert finding["level"] == "problem"
    assert finding["check"] == f"{RERANKER.name}: file"


@pytest.mark.parametrize(
    "arguments",
    [
        ["models", "use", "nosuch"],
        ["models", "pull", "nosuch"],
        ["models", "verify", "nosuch"],
        ["models", "remove", "nosuch"],
        ["models", "add", "/no/such/file.gguf"],
        ["embed", "--model", "nosuch"],
        ["embed", "--model", "/no/such/file.gguf"],
        ["rerank", "--query", "x", "--model", "nosuch"],
    ],
)
def test_a_model_that_there_is_none_of_is_2_with_the_remedy(
    home: Paths, arguments: list[str]
) -> None:
    done = program.run(home, *arguments)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) > 1
    assert done.stdout == ""
