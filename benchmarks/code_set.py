"""Judged questions about code, that nobody wrote for this: its docstrings, and its commits.

    python -m benchmarks.code_set functions FOLDER OUT    (such as the standard library's)
    python -m benchmarks.code_set commits REPOSITORY OUT
    python -m benchmarks.quality OUT
    python -m benchmarks.code OUT                         (which function, for `functions`)

`functions` copies a folder of Python with every docstring taken out, lines kept in place; a
question is the first sentence of one, the answer the file of its function. `commits` takes the
files of a repository's HEAD; a question is the subject of a commit that touched up to three of
them, which are the answers. OUT gets the form that benchmarks.quality reads.
"""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchmarks.languages import write_queries

if TYPE_CHECKING:
    from collections.abc import Iterator

_NOT_CODE_OF_IT = {"site-packages", "test", "tests", "idlelib", "lib2to3", "ensurepip", "idle_test"}
_LEAST_WORDS = 6
_LEAST_LINES = 5
_MOST_FILES = 3
# In subjects: numbers of issues, and what only says that something was merged or released.
_NUMBER = re.compile(r"\s*\(?(?:#|GH-)\d+\)?")
_EMPTY = re.compile(r"(?i)^(merge|release|start version|bump|revert|update|pre-commit|\[)")
_CODE = (".py", ".rst", ".md", ".toml")

Documented = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module


def without_docstrings(source: str) -> tuple[str, list[tuple[ast.stmt, str]]]:
    """The source with its docstrings blanked out, and each function with the one it had."""
    lines = source.splitlines()
    documented: list[tuple[ast.stmt, str]] = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, Documented):
            continue
        text = ast.get_docstring(node)
        if text is None:
            continue
        first = node.body[0]
        for number in range(first.lineno - 1, first.end_lineno or first.lineno):
            lines[number] = ""
        # A body of nothing else must still be one.
        lines[first.lineno - 1] = " " * first.col_offset + "..."
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            documented.append((node, text))
    return "\n".join(lines) + "\n", documented


def first_sentence(text: str) -> str:
    """What a docstring begins with."""
    paragraph = " ".join(text.split("\n\n", 1)[0].split())
    return re.split(r"(?<=[a-z)])\.\s", paragraph, maxsplit=1)[0].rstrip(".")


def questions_of(node: ast.stmt, text: str, path: str) -> Iterator[dict[str, Any]]:
    """The question about a function, if its docstring says enough and there's code to find."""
    sentence = first_sentence(text)
    last = node.end_lineno or node.lineno
    written = text.count("\n") + 1
    if len(sentence.split()) >= _LEAST_WORDS and last - node.lineno - written >= _LEAST_LINES:
        yield {
            "id": f"{path}:{node.lineno}",
            "lang": "en",
            "query": sentence,
            "relevant": [path],
            "lines": [node.lineno, last],
        }


def write_set(out: Path, questions: list[dict[str, Any]]) -> None:
    """Write the questions, each once."""
    unique = {each["query"]: each for each in reversed(questions)}
    write_queries(out, reversed(unique.values()))
    click.echo(f"{len(unique)} questions", err=True)


def write_file(out: Path, path: str, text: str) -> None:
    """One file of what's searched."""
    file = out / "docs" / "en" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


@click.group(help=__doc__)
def main() -> None:
    """Make a set."""


@main.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
def functions(folder: Path, out: Path) -> None:
    """Docstrings of the Python in FOLDER, such as the standard library's."""
    questions: list[dict[str, Any]] = []
    for file in sorted(folder.rglob("*.py")):
        path = file.relative_to(folder)
        if _NOT_CODE_OF_IT.intersection(path.parts):
            continue
        try:
            text, documented = without_docstrings(file.read_text(encoding="utf-8"))
        except (SyntaxError, UnicodeDecodeError):
            continue
        write_file(out, path.as_posix(), text)
        for node, docstring in documented:
            questions.extend(questions_of(node, docstring, path.as_posix()))
    write_set(out, questions)


@main.command()
@click.argument("repository", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
def commits(repository: Path, out: Path) -> None:
    """Subjects of the commits of REPOSITORY, a git directory."""

    def git(*command: str) -> str:
        ran = subprocess.run(
            ["git", "-C", repository, *command], capture_output=True, text=True, check=True
        )
        return ran.stdout

    # What tells of changes tells of all of them, in the words of the subjects.
    files = [
        path
        for path in git("ls-tree", "-r", "--name-only", "HEAD").splitlines()
        if path.endswith(_CODE) and "changes" not in path.lower()
    ]
    for path in files:
        write_file(out, path, git("show", f"HEAD:{path}"))
    questions = []
    for entry in git("log", "--no-merges", "--name-only", "--format=%x01%H%n%s").split("\1")[1:]:
        commit, subject, *touched = [line for line in entry.splitlines() if line]
        query = _NUMBER.sub("", subject).strip()
        answers = [path for path in touched if path in set(files) and path.endswith(".py")]
        is_told = len(query.split()) >= _LEAST_WORDS - 2 and not _EMPTY.match(query)
        if is_told and 1 <= len(answers) <= _MOST_FILES:
            questions.append({"id": commit, "lang": "en", "query": query, "relevant": answers})
    write_set(out, questions)


if __name__ == "__main__":
    main()
