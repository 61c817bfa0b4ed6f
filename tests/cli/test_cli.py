from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import apsw
import pytest

from tests.cli.program import PROGRAM, environment, run

if TYPE_CHECKING:
    from pathlib import Path

    from localsearch.config import Paths


# Some 45,000 tokens: more than a fast machine embeds before it can be interrupted, and less than a
# slow one embeds in a minute.
_MANY_FILES = 25


@pytest.fixture
def filled_home(starter_home: Paths, library: Path) -> Paths:
    done = run(starter_home, "add", str(library))
    assert done.returncode == 0, done.stderr
    return starter_home


def test_help_lists_every_command_and_is_quick(home: Paths) -> None:
    took_s = []
    for _ in range(5):
        began_s = time.perf_counter()
        done = run(home, "--help")
        took_s.append(time.perf_counter() - began_s)
    for command in ("add", "remove", "index", "search", "status", "models", "embed", "eval"):
        assert f"  {command} " in done.stdout
    # The promise is 150 ms; the slack is for a busy machine.
    assert min(took_s) < 0.3


def test_every_command_explains_itself(home: Paths) -> None:
    for command in ("add", "remove", "index", "search", "status", "models", "embed", "eval"):
        done = run(home, command, "--help")
        assert done.returncode == 0
        assert done.stdout.startswith("Usage: localsearch")


def test_help_imports_nothing_heavy(home: Paths) -> None:
    done = subprocess.run(
        [PROGRAM, "--help"],
        env={**environment(home), "PYTHONPROFILEIMPORTTIME": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "localsearch.cli.group" in imported
    for heavy in ("numpy", "apsw", "llama_cpp", "textual", "rich", "huggingface_hub", "converters"):
        assert heavy not in imported


def test_answers_cross_languages_and_say_where(filled_home: Paths, library: Path) -> None:
    done = run(filled_home, "search", "--json", "the flat gets cold at night")
    assert done.returncode == 0
    answer = json.loads(done.stdout)
    first = answer["results"][0]
    assert first["path"] == str(library / "letters/heizung.txt")
    assert first["language"] == "de"
    assert first["locator"]["line_start"] == 1
    assert answer["coverage"] == {"keyword": 1.0, "semantic": 1.0}
    assert set(answer["timings_ms"]) == {
        "keyword", "embed", "vector", "fuse", "rerank", "total",
    }  # fmt: skip


def test_json_keeps_its_contract(filled_home: Paths) -> None:
    answer = json.loads(run(filled_home, "search", "--json", "roof of foil").stdout)
    assert {
        "query",
        "mode",
        "nothing_relevant",
        "reranked",
        "coverage",
        "timings_ms",
        "results",
    } <= (set(answer))
    result = answer["results"][0]
    assert {
        "rank", "path", "title", "kind", "language", "score", "score_kind", "relevant", "why",
        "locator", "snippet", "highlights", "mtime",
    } <= set(result)  # fmt: skip
    assert {"keyword_rank", "vector_rank", "rerank_score"} <= set(result["why"])
    assert {"page", "line_start", "line_end", "heading"} <= set(result["locator"])
    marked = [result["snippet"][start:end].lower() for start, end in result["highlights"]]
    assert "roof" in marked
    assert result["locator"]["heading"] == ["Tomatoes", "Blight"]
    assert result["score_kind"] == "fusion"


@pytest.mark.parametrize("mode", ["hybrid", "semantic", "keyword"])
def test_modes(filled_home: Paths, library: Path, mode: str) -> None:
    done = run(filled_home, "search", "--json", "--mode", mode, "hive in the orchard")
    assert done.returncode == 0
    assert json.loads(done.stdout)["results"][0]["path"] == str(library / "garden/bees.txt")


def test_forms_for_other_programs(filled_home: Paths, library: Path) -> None:
    vim = run(filled_home, "search", "--vimgrep", "--mode", "keyword", "recordFailure")
    assert vim.stdout.splitlines()[0].startswith(f"{library / 'code/retry.py'}:7:")
    files = run(filled_home, "search", "--files", "--mode", "keyword", "hive")
    assert files.stdout == f"{library / 'garden/bees.txt'}\n"
    lines = run(filled_home, "search", "--json-lines", "-n", "2", "garden")
    assert [json.loads(line)["rank"] for line in lines.stdout.splitlines()] == [1, 2]


def test_in_and_limit(filled_home: Paths, library: Path) -> None:
    inside = str(library / "garden")
    done = run(filled_home, "search", "--json", "-n", "1", "--in", inside, "sleep and memory")
    paths = [result["path"] for result in json.loads(done.stdout)["results"]]
    assert len(paths) == 1
    assert paths[0].startswith(inside)


def test_inside_a_folder_that_is_not_indexed_is_3(filled_home: Paths, tmp_path: Path) -> None:
    done = run(filled_home, "search", "--in", str(tmp_path.parent.parent / ".."), "garden")
    assert done.returncode == 0
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    done = run(filled_home, "search", "--in", str(elsewhere), "garden")
    assert done.returncode == 3
    assert "localsearch add" in done.stderr


def test_a_filter_that_is_not_understood_is_told_of(filled_home: Paths) -> None:
    done = run(filled_home, "search", "--mode", "keyword", "--json", "garden", "kind:pfd")
    assert "Did you mean kind:pdf?" in done.stderr
    (problem,) = json.loads(done.stdout)["problems"]
    assert problem["suggestion"] == "kind:pdf"


def test_a_language_alone_lists_its_files(filled_home: Paths) -> None:
    files = run(filled_home, "search", "--files", "lang:de").stdout.splitlines()
    assert [os.path.basename(path) for path in files] == ["heizung.txt"]


def test_exclusions_may_come_first(filled_home: Paths) -> None:
    asked = ["search", "--mode", "keyword", "--files"]
    found = run(filled_home, *asked, "hive").stdout
    assert "bees" in found
    assert run(filled_home, *asked, "-orchard", "hive", "-n5").stdout == ""
    assert run(filled_home, *asked, "hive", "--", "-orchard").stdout == ""
    assert run(filled_home, *asked, "--jsn", "hive").returncode == 2


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["-n", "-3"], "-3 is not in the range 1<=x<=1000"),
        (["--budget", "-1", "-n", "1"], "-1.0 is not in the range x>=0"),
    ],
)
def test_the_value_of_an_option_is_no_exclusion(home: Paths, given: list[str], said: str) -> None:
    done = run(home, "search", "x", *given)
    assert (done.returncode, said in done.stderr) == (2, True)


def test_a_misspelt_command_is_suggested(home: Paths) -> None:
    done = run(home, "serch", "foo")
    assert done.returncode == 2
    assert "localsearch search" in done.stderr
    assert "open-tui" not in done.stderr


def test_nothing_found_is_1(filled_home: Paths) -> None:
    done = run(filled_home, "search", "--mode", "keyword", "xylophonist")
    assert done.returncode == 1
    assert "Nothing found" in done.stdout


def test_no_index_is_3_with_the_remedy(home: Paths) -> None:
    for arguments in (["search", "x"], ["status"], ["index"], ["remove", "/nowhere"]):
        done = run(home, *arguments)
        assert done.returncode == 3, arguments
        assert "localsearch add" in done.stderr
        assert done.stdout == ""
    assert not home.index_file.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["add", "/no/such/folder"],
        ["search"],
        ["search", "--mode", "magic", "x"],
        ["search", "--in", "/no/such/folder", "x"],
        ["serch"],
        ["add"],
    ],
)
def test_usage_is_2(home: Paths, arguments: list[str]) -> None:
    done = run(home, *arguments)
    assert done.returncode == 2
    assert done.stderr
    assert "Traceback" not in done.stderr


def test_a_misspelt_command_is_answered_with_the_right_one(home: Paths) -> None:
    assert "localsearch search" in run(home, "serch").stderr


def test_a_folder_that_is_not_indexed_is_never_added_silently(
    filled_home: Paths, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    done = run(filled_home, str(other))
    assert done.returncode == 3
    assert "localsearch add" in done.stderr
    roots = json.loads(run(filled_home, "status", "--json").stdout)["roots"]
    assert str(other) not in [root["path"] for root in roots]


def test_without_its_model_words_still_work(filled_home: Paths) -> None:
    filled_home.models_dir.unlink()
    settings = filled_home.settings_file
    settings.parent.mkdir(parents=True, exist_ok=True)
    with apsw.Connection(str(filled_home.index_file)) as database:
        database.execute("UPDATE models SET name = 'lost-model', fingerprint = 'lost'")
    done = run(filled_home, "search", "hive")
    assert done.returncode == 0
    assert "by meaning is off" in done.stderr
    assert "bees" in done.stdout
    done = run(filled_home, "search", "--mode", "semantic", "hive")
    assert done.returncode == 3
    assert "localsearch" in done.stderr
    status = json.loads(run(filled_home, "status", "--json").stdout)
    assert status["model"]["usable"] is False
    assert status["model"]["remedy"]


def test_a_damaged_index_is_4_and_rebuilt_by_indexing(filled_home: Paths) -> None:
    path = filled_home.index_file
    path.write_bytes(b"\x00garbage" * 5000)
    path.with_name(path.name + "-wal").unlink(missing_ok=True)
    for arguments in (["search", "hive"], ["status"]):
        done = run(filled_home, *arguments)
        assert done.returncode == 4, done.stderr
        assert "Traceback" not in done.stderr
        assert str(path) in done.stderr
        assert "localsearch index" in done.stderr
    done = run(filled_home, "index")
    assert done.returncode == 0, done.stderr
    assert "index.db.damaged-" in done.stderr
    assert run(filled_home, "search", "hive").returncode == 0


def test_an_empty_index_is_4_and_can_be_begun_again(filled_home: Paths, library: Path) -> None:
    path = filled_home.index_file
    path.write_bytes(b"")
    path.with_name(path.name + "-wal").unlink(missing_ok=True)
    for arguments in (["search", "hive"], ["status"]):
        done = run(filled_home, *arguments)
        assert done.returncode == 4, done.stderr
        assert "localsearch index" in done.stderr
    assert run(filled_home, "add", str(library)).returncode == 0
    assert run(filled_home, "search", "hive").returncode == 0


def test_a_second_writer_is_4_and_told_who(filled_home: Paths) -> None:
    from localsearch.lock import writer_lock

    with writer_lock(filled_home.lock_file):
        done = run(filled_home, "index")
        status = json.loads(run(filled_home, "status", "--json").stdout)
        shown = run(filled_home, "status").stdout
    assert done.returncode == 4
    assert str(os.getpid()) in done.stderr
    assert status["writer"]["pid"] == os.getpid()
    assert f"Indexing  process {os.getpid()}" in shown


def test_adding_says_what_came_in(filled_home: Paths, library: Path, tmp_path: Path) -> None:
    assert f"indexed already: {library}" in run(filled_home, "add", str(library)).stderr
    folder = tmp_path / "more"
    folder.mkdir()
    done = run(filled_home, "add", str(folder), str(tmp_path / "missing"))
    assert done.returncode == 2
    assert "none of them was added" in done.stderr
    assert f"added {folder}" in run(filled_home, "add", str(folder)).stderr


def test_what_is_added_while_another_writes_is_remembered(
    filled_home: Paths, tmp_path: Path
) -> None:
    from localsearch.lock import writer_lock

    folder = tmp_path / "more"
    folder.mkdir()
    (folder / "a.txt").write_text("A zeppelin over the lake.\n")
    with writer_lock(filled_home.lock_file):
        done = run(filled_home, "add", str(folder))
    assert done.returncode == 4
    assert "remembered, but not indexed yet" in done.stderr
    assert "`localsearch index`" in done.stderr
    status = run(filled_home, "status").stdout
    assert "none known yet" in status
    assert "of the files that are known" in status
    assert run(filled_home, "index").returncode == 0
    assert "zeppelin" in run(filled_home, "search", "--mode", "keyword", "zeppelin").stdout
    status = run(filled_home, "status").stdout
    assert "known" not in status


def test_bad_settings_are_2(home: Paths) -> None:
    home.settings_file.parent.mkdir(parents=True)
    home.settings_file.write_text("[index]\nmax_bytes = 1\n")
    done = run(home, "status")
    assert done.returncode == 2
    assert "max_bytes" in done.stderr


def test_status_tells_reasons(filled_home: Paths, library: Path) -> None:
    (library / "broken.pdf").write_bytes(b"%PDF-1.4 broken")
    run(filled_home, "index")
    status = json.loads(run(filled_home, "status", "--json").stdout)
    assert status["files"] == {"total": 6, "indexed": 5, "failed": 1, "skipped": 0}
    assert status["failures"][0]["path"] == str(library / "broken.pdf")
    assert status["failures"][0]["reason"]
    people = run(filled_home, "status").stdout
    assert "broken.pdf" in people
    assert "100% searchable by word" in people


def test_remove_forgets_and_touches_no_file(filled_home: Paths, library: Path) -> None:
    before = sorted(library.rglob("*"))
    assert run(filled_home, "remove", str(library)).returncode == 0
    assert run(filled_home, "search", "--mode", "keyword", "hive").returncode == 1
    assert sorted(library.rglob("*")) == before
    assert run(filled_home, "remove", str(library)).returncode == 2


def test_embed_gives_a_unit_vector_a_line(starter_home: Paths) -> None:
    done = run(starter_home, "embed", input="one\nzwei\n\n", stdin=None)
    assert done.returncode == 0
    vectors = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(vectors) == 3
    for vector in vectors:
        assert sum(value * value for value in vector) == pytest.approx(1.0, abs=1e-4)
    as_query = run(starter_home, "embed", "--query", input="one\n", stdin=None)
    assert json.loads(as_query.stdout) != vectors[0]


def test_rerank_gives_a_score_a_line(home: Paths, tmp_path: Path) -> None:
    from localsearch.engine.random_qwen3 import write_random_qwen3

    model = tmp_path / "reranker.gguf"
    write_random_qwen3(model, head="cls")
    arguments = ("rerank", "--query", "garden", "--model", str(model))
    done = run(home, *arguments, input="one\ntwo\n", stdin=None)
    assert done.returncode == 0, done.stderr
    scores = [json.loads(line)["score"] for line in done.stdout.splitlines()]
    assert len(scores) == 2
    assert all(0 <= score <= 1 for score in scores)
    assert run(home, "rerank", "--query", "garden", input="one\n", stdin=None).returncode == 5


def test_escape_codes_of_names_and_texts_do_not_reach_the_terminal(
    filled_home: Paths, library: Path
) -> None:
    (library / "evil\x1b[31m\u202ename.txt").write_text("poison \x1b]0;pwned\x07 apple")
    run(filled_home, "index")
    for arguments in (["search", "poison"], ["search", "--vimgrep", "poison"]):
        done = run(filled_home, *arguments)
        assert "poison" in done.stdout
        assert "\x1b" not in done.stdout
        assert "\u202e" not in done.stdout
        assert "\x07" not in done.stdout


def test_ctrl_c_keeps_what_was_done(starter_home: Paths, tmp_path: Path) -> None:
    big = tmp_path / "big"
    big.mkdir()
    for number in range(_MANY_FILES):
        words = " ".join(f"w{number}x{each}" for each in range(200))
        (big / f"{number}.txt").write_text(words)
    process = subprocess.Popen(
        [PROGRAM, "add", str(big)],
        env=environment(starter_home),
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    deadline_s = time.monotonic() + 60
    while time.monotonic() < deadline_s:
        status = run(starter_home, "status", "--json")
        if status.returncode == 0 and json.loads(status.stdout)["files"]["indexed"] == _MANY_FILES:
            break
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert "Error" not in said
    assert "what's done is kept" in said
    assert "`localsearch index` goes on" in said
    status = json.loads(run(starter_home, "status", "--json").stdout)
    assert status["files"]["indexed"] == _MANY_FILES
    assert status["coverage"]["semantic"] < 1.0
    assert run(starter_home, "index").returncode == 0
    status = json.loads(run(starter_home, "status", "--json").stdout)
    assert status["coverage"]["semantic"] == 1.0


def test_a_reader_that_had_enough_is_no_error(filled_home: Paths) -> None:
    done = subprocess.run(
        f"{PROGRAM} search --json hive | head -c 1",
        shell=True,
        env=environment(filled_home),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
