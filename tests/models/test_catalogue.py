"""The catalogue's data fits together, and names are found as people type them."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

import localsearch.models
from localsearch.models import CatalogueEntry, catalogue, find_entry, get_entry
from localsearch.types import ModelError

DATA = Path(localsearch.models.__file__).with_name("catalogue.toml")


def test_every_field_of_the_data_is_one_that_is_read() -> None:
    known = {field.name for field in fields(CatalogueEntry)}
    for model in tomllib.loads(DATA.read_text(encoding="utf-8"))["model"]:
        assert set(model) <= known, model["name"]


def test_names_and_files_are_unique_and_plain() -> None:
    entries = catalogue()
    spoken = [name.casefold() for entry in entries for name in (entry.name, *entry.aliases)]
    assert len(spoken) == len(set(spoken))
    files = [entry.file.casefold() for entry in entries]
    assert len(files) == len(set(files))
    assert all(re.fullmatch(r"[\w.-]+\.gguf", file) for file in files)


def test_entries_are_complete() -> None:
    for entry in catalogue():
        assert entry.licence, entry.name
        assert entry.licence_url.startswith("https://"), entry.name
        assert entry.size_bytes > 10_000_000, entry.name
        assert bool(entry.dimension) == (entry.role == "embedder"), entry.name
        assert entry.hub_repo or entry.python_package, entry.name
        assert bool(entry.hub_repo) == bool(entry.hub_file), entry.name
        assert not entry.sha256 or re.fullmatch(r"[0-9a-f]{64}", entry.sha256), entry.name
        assert entry.quantisation.casefold() in entry.file.casefold(), entry.name


def test_no_two_models_of_a_role_are_equally_preferred() -> None:
    ranks = [(entry.role, entry.preference) for entry in catalogue() if entry.preference]
    assert len(ranks) == len(set(ranks))
    assert not any(entry.preference for entry in catalogue() if entry.role == "likelihood")


@pytest.mark.parametrize("typed", ["starter", "Multilingual-E5-Small", "e5-small"])
def test_names_are_found_whatever_their_case_and_by_alias(typed: str) -> None:
    entry = find_entry(typed)
    assert entry is not None
    assert entry.name == "multilingual-e5-small"


def test_an_unknown_name_says_which_come_close() -> None:
    with pytest.raises(ModelError, match="Did you mean Qwen3-Reranker-4B"):
        get_entry("qwen3-reranker4b")
    with pytest.raises(ModelError, match="models list"):
        get_entry("zzzzzzzz")
