"""The forms of an answer: JSON, lines for editors, and text for people."""

from __future__ import annotations

import dataclasses
import datetime
import os
import sys
from typing import TYPE_CHECKING, Any

import click

from localsearch.cli.output import note, shown_path, stdout_console
from localsearch.cli.status import path_fields
from localsearch.places import shown_place
from localsearch.terminal import clean, printable_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from localsearch.types import Hit, QueryProblem, Stage

# Of the files that hold the same text.
_COPIES_SHOWN = 3


def as_json(stage: Stage, query: str, problems: Sequence[QueryProblem] = ()) -> str:
    """The whole answer as one JSON object (docs/scripting.md describes it)."""
    answer = {
        "query": query.encode("utf-8", "replace").decode(),
        "mode": stage.mode,
        "nothing_relevant": stage.nothing_relevant,
        "reranked": stage.reranked,
        "estimated": stage.estimated,
        "coverage": dataclasses.asdict(stage.coverage),
        "timings_ms": {
            name: round(value, 3) for name, value in dataclasses.asdict(stage.timings_ms).items()
        },
        "notice": stage.notice,
        "problems": [dataclasses.asdict(each) for each in problems],
        "results": [_result(rank, hit) for rank, hit in enumerate(stage.hits, start=1)],
    }
    return printable_json(answer)


def as_json_lines(stage: Stage) -> Iterator[str]:
    """Each result as a JSON object on its own line."""
    for rank, hit in enumerate(stage.hits, start=1):
        yield printable_json(_result(rank, hit), indent=None)


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
        "same_text": hit.same_text,
        "copies": [path_fields(path) for path in hit.copies],
    }


def as_vimgrep(stage: Stage) -> Iterator[bytes]:
    """Each result as file:line:column:text, as editors' quickfix lists read it."""
    for hit in stage.hits:
        line, column, text = _line_and_column(hit)
        yield _spelt(hit.path) + f":{line}:{column}:{clean(text)}\n".encode()


def _line_and_column(hit: Hit) -> tuple[int, int, str]:
    """Where the first marked word stands, else the passage, and that line; columns count bytes."""
    first, last = hit.locator.line_start, hit.locator.line_end
    # A passage whose lines aren't the file's, such as a table's, stands where it starts.
    if first is None or last is None or hit.text.count("\n") != last - first:
        return first or 1, 1, hit.snippet
    position = None
    if hit.highlights:
        from localsearch.search.snippets import text_position

        position = text_position(hit.text, hit.snippet, hit.highlights[0][0])
    before, after = hit.text[: position or 0], hit.text[position or 0 :]
    start = before.rpartition("\n")[2]
    text = start + after.partition("\n")[0]
    return first + before.count("\n"), len(start.encode("utf-8", "replace")) + 1, text


def _spelt(path: str) -> bytes:
    """A path as the file system spells it, unless it could act on a terminal or end a line."""
    raw = os.fsencode(path)
    return raw if clean(path) == raw.decode("utf-8", "replace") else clean(path).encode()


def as_paths(stage: Stage, *, null: bool = False) -> bytes:
    """The path of each file once, as the file system spells it, a line break or NUL after each."""
    end = b"\0" if null else b"\n"
    return b"".join(os.fsencode(path) + end for path in _paths(stage))


def _paths(stage: Stage) -> list[str]:
    """The files that hold what was found, each followed by those that hold the same."""
    return list(dict.fromkeys(path for hit in stage.hits for path in (hit.path, *hit.copies)))


def print_answer(
    stage: Stage,
    query: str,
    form: str | None,
    problems: Sequence[QueryProblem] = (),
    *,
    null: bool = False,
) -> None:
    """Print the answer in one of the forms: json, json-lines, vimgrep, files, None for people."""
    if form == "json":
        click.echo(as_json(stage, query, problems))
    elif form == "json-lines":
        for line in as_json_lines(stage):
            click.echo(line)
    elif form == "vimgrep":
        for row in as_vimgrep(stage):
            click.echo(row, nl=False)
        _tell_of_names(any(_spelt(hit.path) != os.fsencode(hit.path) for hit in stage.hits))
    elif form == "files" and sys.stdout.isatty():
        for path in _paths(stage):
            click.echo(clean(path))
        _tell_of_names(any(clean(path) != path for path in _paths(stage)))
    elif form == "files":
        click.echo(as_paths(stage, null=null), nl=False)
        _tell_of_names(not null and any("\n" in path for path in _paths(stage)))
    else:
        print_for_people(stage)


def _tell_of_names(any_odd: bool) -> None:
    if any_odd:
        note("A file's name holds line breaks or control codes: --files -0, piped, gives it whole.")


def print_for_people(stage: Stage) -> None:
    """Print ranked results with titles, places and snippets, marked on a terminal."""
    from rich.text import Text

    console = stdout_console()
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
        if hit.same_text:
            heading.append("  the same text", style="dim")
        console.print(heading)
        place = shown_place(hit.locator)
        where = shown_path(hit.path, hit.member) + (f" · {place}" if place else "")
        console.print(Text("    " + where, style=dim or "cyan"), soft_wrap=True)
        if hit.snippet:
            snippet = _marked(hit)
            snippet.style = dim
            for line in snippet.wrap(console, max(20, console.width - 4)):
                console.print(Text("    ") + line)
        for path in hit.copies[:_COPIES_SHOWN]:
            console.print(Text("    also in " + shown_path(path), style="dim"), soft_wrap=True)
        if more := len(hit.copies[_COPIES_SHOWN:]):
            console.print(Text(f"    and in {more:,} more", style="dim"))
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
