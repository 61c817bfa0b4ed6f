"""Which sentence of a passage comes nearest to a query whose words are not in it?"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from localsearch.chunking.segments import sentence_starts
from localsearch.search.snippets import snippet_from

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterable, Iterator

    from localsearch.types import Embedder, Hit

# A line that's one by itself, whatever stands around it: a heading, an item, a row of a table.
_LINE_OF_ITS_OWN = re.compile(r"^[ \t]*(?:[-*+•#>|]+|\d{1,3}[.)])[ \t]*", re.MULTILINE)
_NO_LETTER = re.compile(r"[\W\d_]*")
# A passage of one sentence says as much by itself.
_FEWEST = 2


def lacks_marks(hit: Hit) -> bool:
    """Whether a hit was found by its meaning and nothing in it shows what of it was meant."""
    return bool(
        hit.why.vector_rank is not None and hit.text and not hit.highlights and hit.nearest is None
    )


def mark_nearest(
    embedder: Embedder,
    wanted: str,
    hits: Iterable[Hit],
    *,
    cancel: threading.Event | None = None,
) -> Iterator[Hit]:
    """Yield those hits that lack marks with `nearest` set, their snippet beginning there.

    Sentences are compared with the query as passages are, by the cosine of their embeddings; all
    of a passage's together are as many tokens as the passage, so each takes as long to embed.
    Raises CancelledError, ModelError.
    """
    vector = None
    for hit in hits:
        if not lacks_marks(hit):
            continue
        sentences = split_sentences(hit.text)
        if len(sentences) < _FEWEST:
            continue
        if vector is None:
            vector = embedder.embed_query(wanted, cancel=cancel)
        texts = [hit.text[start:end] for start, end in sentences]
        cosines = embedder.embed_documents(texts, cancel=cancel) @ vector
        snippet, nearest = snippet_from(hit.text, *sentences[int(cosines.argmax())])
        yield replace(hit, snippet=snippet, nearest=nearest)


def split_sentences(text: str) -> list[tuple[int, int]]:
    """The sentences of a passage as ranges of it, without the marks and spaces around them.

    Headings, items and rows of tables count as sentences; what holds no letter doesn't.
    """
    own = [found.span() for found in _LINE_OF_ITS_OWN.finditer(text)]
    starts = {0, len(text), *sentence_starts(text, 0, len(text))}
    for start, _ in own:
        starts.add(start)
    # A heading ends with its line.
    for start, _ in own:
        if text[start:].lstrip().startswith(("#", "|")):
            line_end = text.find("\n", start)
            starts.add(len(text) if line_end < 0 else line_end)
    bounds = sorted(starts)
    leads = dict(own)
    found = []
    for start, end in pairwise(bounds):
        first = leads.get(start, start)
        kept = text[first:end]
        first += len(kept) - len(kept.lstrip())
        last = first + len(kept.strip())
        if not _NO_LETTER.fullmatch(text, first, last):
            found.append((first, last))
    return found
