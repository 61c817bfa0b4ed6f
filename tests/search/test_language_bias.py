from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from localsearch.search.language_bias import (
    STRENGTH,
    STRENGTH_BESIDE_WORDS,
    language_directions,
    needs_sentences,
    without_language,
)
from localsearch.search.parallel_sentences import SENTENCES

if TYPE_CHECKING:
    from localsearch.types import FloatMatrix, FloatVector

DIMENSION = 32


def unit(rows: FloatMatrix) -> FloatMatrix:
    normal: FloatMatrix = (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)
    return normal


@pytest.fixture
def two_languages() -> dict[str, FloatMatrix]:
    """Passages whose first coordinate tells the language, and the others the topic."""
    random = np.random.default_rng(1)
    samples = {}
    for language, sign in (("de", -1.0), ("en", 1.0)):
        rows = random.standard_normal((200, DIMENSION)).astype(np.float32) * 0.2
        rows[:, 0] = sign
        samples[language] = unit(rows)
    return samples


def test_the_direction_is_the_one_that_tells_languages_apart(
    two_languages: dict[str, FloatMatrix],
) -> None:
    directions = language_directions(two_languages, {})
    assert directions is not None
    assert directions.shape == (1, DIMENSION)
    assert abs(directions[0, 0]) > 0.99


def test_a_query_loses_its_language_and_keeps_its_topic(
    two_languages: dict[str, FloatMatrix],
) -> None:
    directions = language_directions(two_languages, {})
    assert directions is not None
    query: FloatVector = two_languages["en"][0]
    rest = without_language(query, directions)
    assert np.linalg.norm(rest) == pytest.approx(1.0, abs=1e-5)
    assert abs(rest @ directions[0]) < (1 - STRENGTH + 0.01) * abs(query @ directions[0]) * 10
    topic, topic_rest = query.copy(), rest.copy()
    topic[0] = topic_rest[0] = 0
    assert unit(topic) @ unit(topic_rest) > 0.98
    # What was nearest only for its language no longer is.
    answer = two_languages["de"][0].copy()
    answer[1:] = query[1:]
    answer = unit(answer)
    other = two_languages["en"][1]
    assert query @ answer < query @ other
    assert rest @ answer > rest @ other


def test_one_language_or_too_few_passages_change_nothing(
    two_languages: dict[str, FloatMatrix],
) -> None:
    assert language_directions({"en": two_languages["en"]}, {}) is None
    assert language_directions({**two_languages, "de": two_languages["de"][:3]}, {}) is None
    assert language_directions({}, {}) is None


def test_a_handful_of_passages_among_many_tells_no_language(
    two_languages: dict[str, FloatMatrix],
) -> None:
    """Such as a list of names that was taken for another language."""
    many = np.concatenate([two_languages["en"], two_languages["en"]])
    samples = {"en": many, "lb": two_languages["de"][:7]}
    assert language_directions(samples, {}) is None
    assert language_directions({**samples, "lb": two_languages["de"][:8]}, {}) is not None
    # Sentences say what's of the language, where there are some.
    assert needs_sentences(samples) == ["en"]
    assert needs_sentences({"en": many, "de": samples["lb"]}) == ["en", "de"]
    assert language_directions(samples, {"en": many.mean(axis=0)}) is None


def test_sentences_tell_languages_of_few_passages_apart(
    two_languages: dict[str, FloatMatrix],
) -> None:
    sentences: dict[str, FloatVector] = {
        language: unit(np.eye(DIMENSION, dtype=np.float32)[0] * sign)
        for language, sign in (("de", -1.0), ("en", 1.0))
    }
    few = {language: rows[:2] for language, rows in two_languages.items()}
    for samples in (few, {**two_languages, "de": few["de"]}, {**two_languages, "en": few["en"]}):
        directions = language_directions(samples, sentences)
        assert directions is not None
        assert directions.shape == (1, DIMENSION)
        assert abs(directions[0, 0]) > 0.999
    # They say nothing where there are passages enough.
    sentences["de"] = -np.eye(DIMENSION, dtype=np.float32)[1]
    directions = language_directions(two_languages, sentences)
    plain = language_directions(two_languages, {})
    assert directions is not None
    assert plain is not None
    assert abs(directions[0] @ plain[0]) > 0.999


def test_sentences_are_wanted_where_passages_are_few(
    two_languages: dict[str, FloatMatrix],
) -> None:
    few = {language: rows[:2] for language, rows in two_languages.items()}
    assert needs_sentences(few) == ["de", "en"]
    assert needs_sentences({**two_languages, "de": few["de"]}) == ["de", "en"]
    assert needs_sentences(two_languages) == []
    assert needs_sentences({"de": few["de"]}) == []
    # One passage among many is more likely a mistake about its language.
    assert needs_sentences({"en": two_languages["en"], "de": few["de"][:1]}) == []
    # Nobody wrote sentences in this language.
    assert needs_sentences({"en": few["en"], "xx": few["de"]}) == ["en"]


def test_every_language_says_the_same() -> None:
    counts = {len(sentences) for sentences in SENTENCES.values()}
    assert counts == {8}
    every = [sentence for sentences in SENTENCES.values() for sentence in sentences]
    assert len(set(every)) == len(every)


def test_beside_words_more_is_taken_out(two_languages: dict[str, FloatMatrix]) -> None:
    directions = language_directions(two_languages, {})
    assert directions is not None
    query: FloatVector = two_languages["en"][0]
    by_meaning = without_language(query, directions) @ directions[0]
    beside_words = without_language(query, directions, STRENGTH_BESIDE_WORDS) @ directions[0]
    assert 0 < abs(beside_words) < abs(by_meaning) < abs(query @ directions[0])
