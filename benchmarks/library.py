"""A large made-up library in eight languages, the same every time, written through the store.

Words come as often as they do in each language (the frequency lists of the package wordfreq), a
third of them from the topic that five files share. Real text repeats itself more, and in another
order; how many passages hold a word, which is what search by word costs, is as in real text. The
vectors of a topic's passages lie around one random centre.
"""

from __future__ import annotations

import functools
import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from localsearch.store.documents import embedding_key
from localsearch.types import Chunk, Document, FileRef, Locator

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

    from localsearch.store import Store
    from localsearch.types import FloatMatrix, Kind

# Each language's share of the files, in hundredths.
SHARES = {"en": 30, "de": 15, "fr": 10, "es": 10, "ru": 10, "zh": 15, "ja": 5, "ar": 5}
UNSPACED = ("zh", "ja")
CHUNKS_IN_FILE = 20
DIMENSION = 1024
_FILES_OF_A_TOPIC = 5
_TOPIC_WORDS = 40
_TOPIC_SHARE = 0.35
# The most frequent words are nobody's topic.
_LESS_FREQUENT_FROM = 300
_WORDS = 80
_WORDS_IN_SENTENCE = 12
_SPREAD = 0.7
_KINDS: tuple[Kind, ...] = ("text", "doc", "pdf", "mail")
_FILES_A_STEP = 200


@dataclass(frozen=True)
class Vocabulary:
    """The words of a language, the most frequent first; `cumulated` ends with 1."""

    words: tuple[str, ...]
    cumulated: npt.NDArray[np.float64]

    def draw(self, generator: np.random.Generator, count: int) -> list[str]:
        """Words, each as often as it comes in the language."""
        return [self.words[row] for row in self.cumulated.searchsorted(generator.random(count))]


@functools.cache
def vocabulary(language: str) -> Vocabulary:
    """The words of a language; ImportError says what to install."""
    try:
        wordfreq = importlib.import_module("wordfreq")
    except ImportError as error:
        raise SystemExit("This needs word frequencies: pip install 'localsearch[bench]'") from error
    counted = wordfreq.get_frequency_dict(language, wordlist="best")
    words = tuple(word for word in counted if any(map(str.isalpha, word)))
    shares = np.array([counted[word] for word in words])
    return Vocabulary(words, np.cumsum(shares / shares.sum()))


def language_of(file: int) -> str:
    """The language of a file, the same for all of its topic."""
    at = (file // _FILES_OF_A_TOPIC) * 37 % 100
    for language, share in SHARES.items():
        if at < share:
            return language
        at -= share
    raise AssertionError(SHARES)


@functools.lru_cache(maxsize=64)
def topic_words(topic: int) -> tuple[str, ...]:
    """The words of a topic: any but the most frequent, the frequent ones sooner."""
    words = vocabulary(language_of(topic * _FILES_OF_A_TOPIC)).words
    generator = np.random.default_rng((1, topic))
    highest = np.log(len(words) / _LESS_FREQUENT_FROM)
    ranks = _LESS_FREQUENT_FROM * np.exp(highest * generator.random(_TOPIC_WORDS))
    return tuple(words[int(rank)] for rank in np.minimum(ranks, len(words) - 1))


def texts(file: int) -> list[str]:
    """The passages of a file."""
    language = language_of(file)
    generator = np.random.default_rng((2, file))
    of_topic = topic_words(file // _FILES_OF_A_TOPIC)
    lengths = generator.integers(_WORDS // 2, _WORDS * 3 // 2, CHUNKS_IN_FILE)
    common = vocabulary(language).draw(generator, int(lengths.sum()))
    is_topic = generator.random(len(common)) < _TOPIC_SHARE
    which = generator.integers(len(of_topic), size=len(common))
    words = [
        of_topic[topic_word] if topical else word
        for word, topical, topic_word in zip(common, is_topic, which, strict=True)
    ]
    ends = np.cumsum(lengths)
    return [
        _prose(words[end - length : end], language in UNSPACED)
        for end, length in zip(ends, lengths, strict=True)
    ]


def _prose(words: Sequence[str], unspaced: bool) -> str:
    between, stop = ("", "。") if unspaced else (" ", ". ")
    sentences = (
        between.join(words[start : start + _WORDS_IN_SENTENCE])
        for start in range(0, len(words), _WORDS_IN_SENTENCE)
    )
    return stop.join(each[:1].upper() + each[1:] for each in sentences) + stop.strip()


def vectors(file: int) -> FloatMatrix:
    """Unit vectors of a file's passages, (passages, DIMENSION)."""
    of_topic = np.random.default_rng((3, file // _FILES_OF_A_TOPIC))
    centre = of_topic.standard_normal(DIMENSION, dtype=np.float32)
    noise = np.random.default_rng((4, file)).standard_normal(
        (CHUNKS_IN_FILE, DIMENSION), dtype=np.float32
    )
    found = centre + _SPREAD * noise
    unit: FloatMatrix = found / np.linalg.norm(found, axis=1, keepdims=True)
    return unit


def write(store: Store, chunks: int) -> None:
    """Bring the library in the store to so many passages, from where an earlier run stopped."""
    if store.documents.chunk_count() < chunks:
        _write_files(store, chunks)
    bring_up_to_date(store)


def bring_up_to_date(store: Store) -> None:
    """End as the indexer does: with what an older version left out, and the words merged.

    What is measured is then this version's, in an index that another one built.
    """
    model = store.vectors.serving_model()
    if model is not None and store.vectors.lacks_codes():
        with store.transaction():
            store.vectors.learn_codes(model)
    lacking = True
    while lacking:
        with store.transaction():
            lacking = store.documents.add_beginnings()
    store.merge_words(lambda: True)
    store.tidy()


def _write_files(store: Store, chunks: int) -> None:
    model = store.vectors.serving_model()
    if model is None:
        with store.transaction():
            model = store.vectors.serve("benchmark", "benchmark", DIMENSION)
    files = chunks // CHUNKS_IN_FILE
    for start in range(sum(store.files.counts().values()), files, _FILES_A_STEP):
        with store.transaction():
            for file in range(start, min(start + _FILES_A_STEP, files)):
                _write_file(store, file, model.id)
    with store.transaction():
        store.vectors.learn_codes(model)


def path_of(file: int) -> str:
    """Where a file lies: a thousand files in a folder, named by two words of their topic."""
    name = "-".join(topic_words(file // _FILES_OF_A_TOPIC)[:2]).replace("/", "-")
    return f"/library/{file // 1000}/{name}-{file}.txt"


def _write_file(store: Store, file: int, model_id: int) -> None:
    path, language = path_of(file), language_of(file)
    # Sections of five passages, each under a heading of three words.
    of_topic = topic_words(file // _FILES_OF_A_TOPIC)
    passages = texts(file)
    chunks = [
        Chunk(text, (" ".join(of_topic[row // 5 * 3 :][:3]),), Locator(line_start=row), _WORDS)
        for row, text in enumerate(passages)
    ]
    kind = _KINDS[file % len(_KINDS)]
    ref = FileRef(path, sum(map(len, passages)), file + 1, file + 1, 1)
    file_id = store.files.upsert(ref, kind=kind, state="pending")
    document = Document(blocks=(), title="", language=language, kind=kind)
    stem = path.rpartition("/")[2].removesuffix(".txt")
    store.documents.replace(file_id, [(document, chunks)], model_id=model_id, file_stem=stem)
    store.files.set_state(file_id, "indexed")
    keys = [embedding_key(chunk.embedded_text) for chunk in chunks]
    store.vectors.put(model_id, keys, vectors(file))


def build(path: Path, chunks: int) -> None:
    """The library in an index file of its own."""
    from localsearch.store import Store

    with Store(path) as store:
        write(store, chunks)
