"""What's said of SQLite and llama.cpp is what they say themselves."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import apsw
import pytest

from localsearch.engine import self_test
from localsearch.health.engines import check_llama, check_sqlite, enabled_features

if TYPE_CHECKING:
    from pathlib import Path

    from localsearch.config import Paths


def test_sqlite_is_named() -> None:
    [finding] = check_sqlite()
    assert finding.level == "ok"
    assert apsw.sqlite_lib_version() in finding.text


def test_features_are_those_in_use() -> None:
    line = "CPU : SSE3 = 1 | AVX2 = 1 | AVX512 = 0 | AMX_INT8 = 1 | REPACK = 1 |"
    assert enabled_features(line) == ("SSE3", "AVX2", "AMX_INT8", "REPACK")
    assert enabled_features("") == ()


def test_llama_runs_and_computes_rightly(home: Paths) -> None:
    build, kernels = check_llama(home)
    assert "llama-cpp-python" in build.text
    assert build.level in ("ok", "warning")
    assert kernels.level == "ok"


def test_wrong_numbers_are_a_problem_for_each_quantisation(
    home: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    golden = json.loads(self_test.GOLDEN_FILE.read_text(encoding="utf-8"))
    golden["vectors"] = [[-value for value in row] for row in golden["vectors"]]
    other = tmp_path / "golden.json"
    other.write_text(json.dumps(golden), encoding="utf-8")
    monkeypatch.setattr(self_test, "GOLDEN_FILE", other)
    _, *kernels = check_llama(home)
    assert [each.level for each in kernels] == ["problem"] * 5
    assert all("pip install" in each.fix for each in kernels)


def test_a_build_that_crashes_with_repacked_weights_is_a_warning(home: Paths) -> None:
    check = list(check_llama(home))
    assert check
    remembered = json.loads(home.probe_file.read_text(encoding="utf-8"))
    remembered |= {"extra_buffers_ok": False, "detail": "the kernels crash here (signal 4)"}
    home.probe_file.write_text(json.dumps(remembered), encoding="utf-8")
    build, *_ = check_llama(home)
    assert build.level == "warning"
    assert "signal 4" in build.text
    assert "-fno-tree-dse" in build.fix
