"""Cuts the small judged set of these tests out of the whole of XQuAD.

    python -m tests.quality.cut SOURCE

SOURCE holds `docs/<language>/<article>/<nn>.txt`, `queries.jsonl` and `LICENSE.txt`. What is taken
follows from the numbers of articles and paragraphs alone, so that nobody chose what is easy:
every fourth article from the second on, whole, in every language, and the first question about
each second paragraph of it.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

DATA = Path(__file__).parent / "data"


def is_taken_article(article: str) -> bool:
    """Whether the rule takes an article, by the number that its name begins with."""
    return int(article.partition("-")[0]) % 4 == 1


def is_asked_paragraph(relative_path: str) -> bool:
    """Whether the rule takes a question about `<article>/<nn>.txt`."""
    article, _, name = relative_path.partition("/")
    return is_taken_article(article) and int(name.removesuffix(".txt")) % 2 == 0


def cut(source: Path, target: Path) -> None:
    """Write the cut of `source` to `target`, which must not exist."""
    for folder in sorted((source / "docs").glob("*/*")):
        if is_taken_article(folder.name):
            shutil.copytree(folder, target / "docs" / folder.parent.name / folder.name)
    shutil.copy(source / "LICENSE.txt", target / "LICENSE.txt")
    asked: set[tuple[str, str]] = set()
    lines: list[str] = []
    for line in (source / "queries.jsonl").read_text(encoding="utf-8").splitlines():
        query = json.loads(line)
        (relevant,) = query["relevant"]
        if is_asked_paragraph(relevant) and (query["lang"], relevant) not in asked:
            asked.add((query["lang"], relevant))
            lines.append(line + "\n")
    (target / "queries.jsonl").write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    cut(Path(sys.argv[1]), DATA)
