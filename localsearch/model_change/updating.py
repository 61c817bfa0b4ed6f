"""One whole update: what changed is indexed, and a model that was newly chosen takes over."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from localsearch.indexing.indexer import Indexer
from localsearch.model_change import change as model_change
from localsearch.models.speed import note_speed

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence

    from localsearch.config import Paths, Settings
    from localsearch.store import Store
    from localsearch.types import Embedder, IndexReport, Progress


def update_index(
    store: Store,
    paths: Paths,
    settings: Settings,
    embedder: Embedder | None,
    serving_embedder: Callable[[Store], Embedder | None],
    within: Sequence[str] = (),
    *,
    notice: str = "",
    progress: Callable[[Progress], None] | None = None,
    cancel: threading.Event | None = None,
) -> IndexReport:
    """Bring the index up to date; the caller holds the writer's lock.

    `embedder` is the chosen model. While another's vectors serve, `serving_embedder` opens that
    one, and what changed is embedded with it first. Raises CancelledError, StoreError.
    """
    changing = embedder is not None and model_change.is_needed(store, embedder)
    current = serving_embedder(store) if changing else embedder
    indexer = Indexer(store, paths, settings, current, progress=progress, cancel=cancel)
    try:
        report = indexer.update(within, notice=notice)
    finally:
        if current is not None:
            note_speed(paths.state_file, current.name, *indexer.embedded)
    if embedder is None:
        return report
    if not changing:
        model_change.discard(paths)
        return report
    serving = store.vectors.serving_model()
    with (
        model_change.ModelChange(
            store, paths, settings, embedder, progress=progress, cancel=cancel
        ) as change,
        indexer.open_sandbox() as sandbox,
    ):
        try:
            change.advance(sandbox.convert)
        finally:
            note_speed(paths.state_file, embedder.name, *change.embedded)
        compared = change.compare(current)
        built = change.take_place()
    # What changed meanwhile.
    last = Indexer(store, paths, settings, embedder, progress=progress, cancel=cancel).update()
    before = serving.name if serving is not None else "none"
    # The pass in between made the index that took over, of the files that this one knew: what it
    # read is no news to the user.
    return replace(
        report,
        added=report.added + last.added,
        changed=report.changed + last.changed,
        renewed=report.renewed + last.renewed,
        moved=report.moved + last.moved,
        removed=report.removed + last.removed,
        unchanged=last.unchanged,
        failed=last.failed,
        skipped=report.skipped + last.skipped,
        chunks=report.chunks + last.chunks,
        embedded_chunks=sum(each.embedded_chunks for each in (report, built, last)),
        embedded_tokens=sum(each.embedded_tokens for each in (report, built, last)),
        engine_s=sum(each.engine_s for each in (report, built, last)),
        elapsed_s=sum(each.elapsed_s for each in (report, built, last)),
        notices=(
            *dict.fromkeys((*report.notices, *built.notices, *last.notices)),
            f"the model changed from {before} to {embedder.name}; all passages have new vectors",
            *([compared] if compared else []),
        ),
    )
