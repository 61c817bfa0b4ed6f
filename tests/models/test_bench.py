"""`models bench`: every installed model is measured here, and the faster kernels are kept."""

from __future__ import annotations

import json
import threading

import pytest

from localsearch.cli.bench_table import print_quantisations
from localsearch.config import Paths, Settings
from localsearch.engine import starter
from localsearch.engine.gguf import SMALL_QWEN3, write_random_qwen3
from localsearch.engine.kernels import is_faster_repacked, remember_faster, repacks
from localsearch.engine.probe import probe_native
from localsearch.engine.quant_speed import (
    QUANTISATIONS,
    QuantisationSpeed,
    measure_quantisations,
)
from localsearch.models import speed as model_speed
from localsearch.models.bench import PAGE_TOKENS, PAGES, ModelFigures, bench_models
from localsearch.models.speed import known_speeds
from localsearch.types import CancelledError, ModelError
from tests.cli import program

EMBEDDER, RERANKER = "tiny-embedding", "tiny-reranker"


@pytest.fixture(autouse=True)
def short_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small models say in a moment how fast they are."""
    monkeypatch.setattr(model_speed, "_TRIAL_S", 0.2)
    monkeypatch.setattr(model_speed, "_TELLING_S", 0.0)


@pytest.fixture
def two_models(home: Paths) -> Paths:
    """A home with a small embedder and a small reranker, both generated."""
    home.models_dir.mkdir(parents=True)
    write_random_qwen3(
        home.models_dir / f"{EMBEDDER}.gguf", SMALL_QWEN3, quantisation="Q4_0",
        pooling="last", name="Qwen3 Embedding",
    )  # fmt: skip
    write_random_qwen3(
        home.models_dir / f"{RERANKER}.gguf", SMALL_QWEN3, quantisation="Q8_0", head="cls",
        name="Qwen3 Reranker",
    )  # fmt: skip
    return home


def bench(paths: Paths, *names: str, limit_s: float = 200.0) -> dict[str, ModelFigures]:
    found = bench_models(
        paths, Settings(), names, cancel=threading.Event(), limit_s=limit_s
    )  # fmt: skip
    return {each.name: each for each in found}


def test_every_installed_model_is_measured_and_remembered(two_models: Paths) -> None:
    figures = bench(two_models)
    assert {EMBEDDER, RERANKER} <= set(figures)
    embedder, reranker = figures[EMBEDDER], figures[RERANKER]
    assert embedder.speed > 100
    assert embedder.indexing_s == pytest.approx(PAGES * PAGE_TOKENS / embedder.speed)
    assert embedder.candidate_ms is None
    assert reranker.candidate_ms == pytest.approx(1000 / reranker.speed)
    assert reranker.indexing_s is None
    assert (embedder.quantisation, reranker.quantisation) == ("Q4_0", "Q8_0")
    speeds = known_speeds(two_models.state_file)
    assert speeds[EMBEDDER] == pytest.approx(embedder.speed)
    assert speeds[RERANKER] == pytest.approx(reranker.speed)
    # Whichever was faster is what's used from now on.
    assert repacks(two_models, "Q4_0") is embedder.repacked


def test_one_model_can_be_named_and_one_that_isnt_here_cant(two_models: Paths) -> None:
    assert set(bench(two_models, EMBEDDER)) == {EMBEDDER}
    with pytest.raises(ModelError):
        bench(two_models, "Qwen3-Embedding-8B")


def test_where_no_model_is_installed_that_is_said(
    home: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starter, "find_starter_weights", lambda: None)
    with pytest.raises(ModelError, match="no model is installed"):
        bench(home)


def test_a_model_too_slow_for_its_share_says_so(two_models: Paths) -> None:
    figures = bench(two_models, EMBEDDER, limit_s=0.0)
    assert "too slow" in figures[EMBEDDER].problem
    assert known_speeds(two_models.state_file) == {}


def test_ctrl_c_ends_it(two_models: Paths) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(CancelledError):
        list(bench_models(two_models, Settings(), cancel=cancel))


def test_a_damaged_model_doesnt_keep_others_from_being_measured(two_models: Paths) -> None:
    whole = two_models.models_dir / f"{EMBEDDER}.gguf"
    damaged = two_models.models_dir / "another-embedding.gguf"
    # Whole for who only reads the header, as `models list` does; the weights end too soon.
    damaged.write_bytes(whole.read_bytes()[:-200_000])
    figures = bench(two_models)
    assert figures[EMBEDDER].speed > 0
    assert "another-embedding" not in figures or figures["another-embedding"].problem


@pytest.mark.parametrize(
    ("quantisation", "machine", "expected"),
    [
        ("Q8_0", "x86_64", True),
        ("Q4_0", "AMD64", True),
        ("Q4_K_M", "x86_64", False),
        ("Q6_K", "AMD64", False),
        ("Q4_K_M", "arm64", True),
    ],
)
def test_what_is_expected_of_a_quantisation(
    quantisation: str, machine: str, expected: bool
) -> None:
    assert is_faster_repacked(quantisation, machine) is expected


def test_what_was_measured_counts_until_the_build_changes(
    home: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = repacks(home, "Q4_0")
    remember_faster(home, "Q4_0", repacked=not usual)
    # Where repacking crashes it stays off, whatever was measured.
    assert repacks(home, "Q4_0") is (not usual and probe_native(home).extra_buffers_ok)
    found = json.loads(home.kernels_file.read_text())
    home.kernels_file.write_text(json.dumps({**found, "build": "another"}))
    assert repacks(home, "Q4_0") is usual
    home.kernels_file.write_text("[]")
    assert repacks(home, "Q4_0") is usual


def test_the_command_prints_json(two_models: Paths) -> None:
    done = program.run(two_models, "models", "bench", "--json", EMBEDDER, RERANKER)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["machine"]["threads"] >= 1
    assert found["machine"]["kernels"]
    speeds = {row["quantisation"]: row["beside_q8_0"] for row in found["quantisations"]}
    assert speeds["Q8_0"] == 1.0
    assert list(speeds.values()) == sorted(speeds.values(), reverse=True)
    rows = {row["name"]: row for row in found["models"]}
    assert set(rows) == {EMBEDDER, RERANKER}
    assert rows[EMBEDDER]["tokens_per_s"] > 0
    assert rows[EMBEDDER]["indexing_10000_pages_s"] > 0
    assert rows[RERANKER]["candidate_ms"] > 0
    assert rows[RERANKER]["tokens_per_s"] is None
    listed = json.loads(program.run(two_models, "models", "list", "--json").stdout)
    known = {row["name"]: row for row in listed}
    assert known[EMBEDDER]["tokens_per_s"] == pytest.approx(rows[EMBEDDER]["tokens_per_s"])
    assert known[RERANKER]["candidate_ms"] == pytest.approx(rows[RERANKER]["candidate_ms"])


def test_the_command_prints_a_line_for_each_model(two_models: Paths) -> None:
    done = program.run(two_models, "models", "bench", EMBEDDER)
    assert done.returncode == 0, done.stderr
    [line] = [line for line in done.stdout.splitlines() if EMBEDDER in line]
    assert "tokens/s" in line
    assert "Q4_0" in line
    assert "Q8_0 1.0" in done.stdout
    assert "Threads:" in done.stdout
    assert f"Trying {EMBEDDER}" in done.stderr


def test_every_quantisation_is_tried_until_told_to_stop(home: Paths) -> None:
    found = measure_quantisations(home, threads=0, cancel=threading.Event())
    # A machine that's very busy may not come to all of them.
    assert "Q8_0" in {each.quantisation for each in found} <= set(QUANTISATIONS)
    assert all(each.beside_q8_0 > 0.05 for each in found)
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(CancelledError):
        measure_quantisations(home, threads=0, cancel=cancel)


def test_a_quantisation_that_would_be_much_faster_is_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    figures = [
        ModelFigures("judge", "reranker", True, "Q8_0"),
        ModelFigures("multilingual-e5-small", "embedder", True, "Q8_0"),
        ModelFigures("idle", "embedder", False, "Q8_0"),
    ]
    speeds = [("Q4_K_M", 2.2), ("Q4_0", 1.8), ("Q8_0", 1.0)]
    print_quantisations([QuantisationSpeed(name, speed, False) for name, speed in speeds], figures)
    said = capsys.readouterr().out
    assert "Q4_K_M 2.2, Q4_0 1.8, Q8_0 1.0" in said
    assert "As Q4_K_M, judge would be about 2.2 times as fast" in said
    assert "multilingual-e5-small" not in said
    assert "idle" not in said
