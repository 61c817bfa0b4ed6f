"""What does a list show of a passage that was found?"""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from localsearch.search.snippets import make_snippet
from localsearch.types import Hit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from localsearch.store.matches import Passage
    from localsearch.types import ScoreKind, Why


def hit_of(
    passage: Passage, score: float, kind: ScoreKind, why: Why, needles: Sequence[str] = ()
) -> Hit:
    """The passage as a hit, its snippet where most of the needles are."""
    snippet, highlights = make_snippet(passage.text, needles)
    return Hit(
        path=passage.path,
        member=passage.member,
        title=passage.title or PurePath(passage.path).name,
        kind=passage.kind,
        language=passage.language,
        locator=passage.locator,
        snippet=snippet,
        highlights=highlights,
        score=score,
        score_kind=kind,
        why=why,
        mtime_ns=passage.mtime_ns,
        text=passage.text,
        chunk_id=passage.chunk_id,
    )
