"""The self-test's values are the golden ones, and it can fail."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from localsearch.config import Paths
from localsearch.engine import self_test
from localsearch.engine.self_test import GOLDEN_FILE, KernelTest, run_self_test
from tests.golden.cases import TEXTS

GOLDEN = Path(__file__).parent.parent / "golden"


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    folder = tmp_path_factory.mktemp("self_test")
    return Paths(*(folder / name for name in ("config", "data", "state", "models", "run")))


def test_the_packaged_values_are_the_official_ones() -> None:
    packaged = json.loads(GOLDEN_FILE.read_text(encoding="utf-8"))
    recipe = json.loads((GOLDEN / "recipe.json").read_text(encoding="utf-8"))
    assert (packaged["seed"], packaged["shape"]) == (recipe["seed"], recipe["shape"])
    texts = list(TEXTS.values())
    official = np.load(GOLDEN / "vectors.npz")["documents"]
    rows = official[[texts.index(text) for text in packaged["texts"]]]
    assert np.array(packaged["vectors"]) == pytest.approx(rows, abs=1e-5)


def test_every_quantisation_passes_here(paths: Paths) -> None:
    results = run_self_test(paths)
    assert [each.quantisation for each in results] == ["F32", "F16", "Q8_0", "Q4_K_M", "Q4_0"]
    assert [each for each in results if not each.passed] == []


def test_wrong_numbers_fail(paths: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # What a wrong kernel gives, made by weights of another seed.
    golden = json.loads(GOLDEN_FILE.read_text(encoding="utf-8"))
    golden["seed"] += 1
    other = tmp_path / "golden.json"
    other.write_text(json.dumps(golden), encoding="utf-8")
    monkeypatch.setattr(self_test, "GOLDEN_FILE", other)
    assert [each for each in run_self_test(paths) if each.passed] == []


def test_a_cosine_that_is_no_number_fails() -> None:
    assert not KernelTest("F32", float("nan"), 0.9).passed
