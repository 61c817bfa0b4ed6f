"""The forms of an answer: JSON, lines for editors, and text for people."""

from __future__ import annotations

import dataclasses
import datetime
import json
from typing import TYPE_CHECKING, Any

from localsearch.cli.output import shown_path, shown_place
from localsearch.cli.status import path_fields
from localsearch.terminal import clean

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from localsearch.types import Hit, QueryProblem, Stage


def as_json(stage: Stage, query: str, problems: Sequence[QueryProblem] = ()) -> str:
    """The whole answer as one JSON object (docs/scripting.md describes it)."""
    answer = {
        "query": query.encode("utf-8", "replace").decode(),
        "mode": stage.mode,
        "nothing_relevant": stage.nothing_relevant,
        "reranked": stage.reranked,
        "coverage": dataclasses.asdict(stage.coverage),
        "timings_ms": {
            name: round(value, 3) for name, value in dataclasses.asdict(stage.timings_ms).items()
        },
        "notice": stage.notice,
        "problems": [dataclasses.asdict(each) for each in problems],
        "results": [_result(rank, hit) for rank, hit in enumerate(stage.hits, start=1)],
    }
    return json.dumps(answer, ensure_ascii=False, indent=2)


def as_json_lines(stage: Stage) -> Iterator[str]:
    """Each result as a JSON object on its own line."""
    for rank, hit in enumerate(stage.hits, start=1):
        yield json.dumps(_result(rank, hit), ensure_ascii=False)


def _result(rank: int, hit: Hit) -> dict[str, Any]:
    why = dataclasses.asdict(hit.why)
    why["weights"] = dict(hit.why.weights)
    changed = datetime.datetime.fromtimestamp(hit.mtime_ns / 1e9, tz=datetime.UTC)
    return {
        "rank": rank,
        **path_fields(hit.path),
        "member": hit.member,
        "title": hit.title,
        "kind": hit.kind,
        "language": hit.language,
        "score": hit.score,
        "score_kind": hit.score_kind,
        "relevant": hit.relevant,
        "why": why,
        "locator": dataclasses.asdict(hit.locator),
        "snippet": hit.snippet,
        "highlights": [list(each) for each in hit.highlights],
        "mtime": changed.isoformat(),
    }


def as_vimgrep(stage: Stage) -> Iterator[str]:
    """Each result as file:line:column:text, as editors' quickfix lists read it."""
    for hit in stage.hits:
        line = hit.locator.line_start or 1
        # The passage starts at that line; the first marked word tells how far in it stands.
        column = 1
        if hit.highlights and hit.text:
            start = hit.highlights[0][0]
            end = hit.highlights[0][1]
            position = hit.text.find(hit.snippet[start:end])
            if position >= 0:
                before = hit.text[:position]
                if hit.locator.line_start is not None:
                    line += before.count("\n")
                column = len(before.rpartition("\n")[2].encode()) + 1
        yield f"{clean(hit.path)}:{line}:{column}:{clean(hit.snippet)}"


def print_for_people(stage: Stage) -> None:
    """Print ranked results with titles, places and snippets, marked on a terminal."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, markup=False, soft_wrap=False)
    if not stage.hits:
        console.print("Nothing found.")
        return
    if stage.nothing_relevant:
        console.print("Nothing relevant found. The best of the rest:")
    dim = "dim" if stage.nothing_relevant else ""
    for rank, hit in enumerate(stage.hits, start=1):
        heading = Text(f"{rank:2}  ", style=dim)
        heading.append(clean(hit.title), style=dim or "bold")
        heading.append(f"  {hit.kind}", style="dim")
        console.print(heading)
        place = shown_place(hit.locator)
        where = shown_path(hit.path, hit.member) + (f" · {place}" if place else "")
        console.print(Text("    " + where, style=dim or "cyan"), soft_wrap=True)
        if hit.snippet:
            snippet = _marked(hit)
            snippet.style = dim
            for line in snippet.wrap(console, max(20, console.width - 4)):
                console.print(Text("    ") + line)
        console.print()


def _marked(hit: Hit) -> Any:
    from rich.text import Text

    # Cleaned piece by piece, as cleaning moves the positions of the marks.
    text, position = Text(), 0
    for start, end in hit.highlights:
        text.append(clean(hit.snippet[position:start]))
        text.append(clean(hit.snippet[start:end]), style="bold yellow")
        position = end
    text.append(clean(hit.snippet[position:]))
    return text
