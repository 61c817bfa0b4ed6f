"""What does an index learn from its vectors, once they're complete?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from localsearch.search.language_bias import (
    MOST_PASSAGES,
    language_directions,
    needs_sentences,
)
from localsearch.search.parallel_sentences import SENTENCES
from localsearch.types import CancelledError

if TYPE_CHECKING:
    import threading
    from collections.abc import Sequence

    from localsearch.store import Store
    from localsearch.store.vectors import ServingModel
    from localsearch.types import Embedder, FloatVector


def learn_from_vectors(
    store: Store, embedder: Embedder | None, *, cancel: threading.Event | None = None
) -> None:
    """Estimate anew what tells the index's languages apart, and where its vectors lie.

    `embedder` embeds the sentences that small indexes need beside their passages, once for each
    language; without it, or stopped, what's known of them has to do.
    """
    serving = store.vectors.serving_model()
    if serving is None:
        return
    samples = store.vectors.language_samples(serving.id, MOST_PASSAGES)
    wanted = needs_sentences(samples)
    if embedder is not None and embedder.fingerprint != serving.fingerprint:
        embedder = None
    sentences = _sentences(store, serving, embedder, wanted, cancel) if wanted else {}
    directions = language_directions(samples, sentences)
    with store.transaction():
        store.vectors.set_language_directions(serving.id, directions)
        store.vectors.learn_codes(serving)


def _sentences(
    store: Store,
    serving: ServingModel,
    embedder: Embedder | None,
    languages: Sequence[str],
    cancel: threading.Event | None,
) -> dict[str, FloatVector]:
    """The mean vector of the sentences in each language, as far as they're known or embedded."""
    known = store.vectors.sentences(serving.id)
    found: dict[str, FloatVector] = {each: known[each] for each in languages if each in known}
    if embedder is None:
        return found
    for language in languages:
        if language in found:
            continue
        try:
            vectors = embedder.embed_documents(SENTENCES[language], cancel=cancel)
        except CancelledError:
            break
        found[language] = vectors.mean(axis=0)
        with store.transaction():
            store.vectors.put_sentences(serving.id, language, found[language])
    return found
