"""Judged questions of manual pages, in six languages, that nobody wrote for this.

    apt-get download manpages manpages-{dev,de,fr,ja,ru,zh} coreutils util-linux git-man …
    for package in *.deb; do dpkg -x $package unpacked; done
    python -m benchmarks.man_pages unpacked/usr/share/man OUT
    python -m benchmarks.quality --articles all OUT

The question is what a page says about itself in one line ("list directory contents"), the answer
the page without that line, its first 2,000 characters. A translation counts where the English page
is there; of each language up to 400 are asked. OUT gets the form that benchmarks.quality reads.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchmarks.languages import write_queries
from localsearch import config
from localsearch.types import ConversionError

if TYPE_CHECKING:
    from converters.sandbox import Sandbox

# The folder of each language's pages, from that of all.
FOLDERS = {"en": ".", "de": "de", "fr": "fr", "ja": "ja", "ru": "ru", "zh": "zh_CN"}
_PER_LANGUAGE = 400
_LEAST_TEXT, _MOST_TEXT = 200, 2000
_NAME_AND_DESCRIPTION = re.compile(r"\s+(?:-+|–|—|\\-)\s+")


@dataclass(frozen=True)
class Page:
    """What a manual page says about itself, and all else."""

    description: str
    text: str


def read_page(file: Path, sandbox: Sandbox) -> Page | None:
    """The page, as the program reads it; None where it's a mere link or says nothing."""
    try:
        conversion = sandbox.convert(str(file), ocr=False)
    except ConversionError:
        return None
    blocks = [block for each in conversion.documents for block in each.blocks]
    names = [block.locator.heading[:1] for block in blocks]
    first = next((each for each in names if each), ())
    said = " ".join(
        block.text
        for block, name in zip(blocks, names, strict=True)
        if name == first and block.kind != "heading"
    )
    text = "\n".join(
        block.text for block, name in zip(blocks, names, strict=True) if name and name != first
    )
    description = " ".join(_NAME_AND_DESCRIPTION.split(said, maxsplit=1)[1:]).strip()
    if not description or len(text) < _LEAST_TEXT:
        return None
    return Page(" ".join(description.split()), text[:_MOST_TEXT])


def read_pages(source: Path) -> dict[str, dict[str, Page]]:
    """The pages that are asked about, by language and name, with the English ones of all."""
    from converters.sandbox import Sandbox

    chance = random.Random(0)
    found: dict[str, dict[str, Page]] = {}
    limits = config.Settings().converters
    with Sandbox(timeout_s=limits.timeout_s, memory_bytes=limits.memory_bytes) as sandbox:
        for lang in [each for each in FOLDERS if each != "en"]:
            names = _names(source / FOLDERS[lang]) & _names(source)
            pages: dict[str, Page] = {}
            for name in chance.sample(sorted(names), len(names)):
                page = read_page(_file(source / FOLDERS[lang], name), sandbox)
                english = found.setdefault("en", {}).get(name) or read_page(
                    _file(source, name), sandbox
                )
                # What isn't translated is no question in another language.
                if page and english and page.description != english.description:
                    pages[name] = page
                    found["en"][name] = english
                if len(pages) == _PER_LANGUAGE:
                    break
            found[lang] = pages
            click.echo(f"{lang}: {len(pages)} pages", err=True)
    return found


def _names(folder: Path) -> set[str]:
    return {file.name.removesuffix(".gz") for file in folder.glob("man[1-8]/*") if file.is_file()}


def _file(folder: Path, name: str) -> Path:
    section = folder / f"man{name.rpartition('.')[2][0]}"
    compressed = section / f"{name}.gz"
    return compressed if compressed.exists() else section / name


@click.command()
@click.argument("source", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
def main(source: Path, out: Path) -> None:
    """Make the set of SOURCE's pages in OUT; see the module's text."""
    chance = random.Random(0)
    lines = []
    for lang, pages in read_pages(source).items():
        said = Counter(page.description for page in pages.values())
        for name, page in pages.items():
            file = out / "docs" / lang / f"{name}.txt"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(page.text + "\n", encoding="utf-8")
        # Pages that say the same of themselves can't be told apart by it.
        asked = sorted(name for name, page in pages.items() if said[page.description] == 1)
        lines += [
            {
                "id": name,
                "lang": lang,
                "query": pages[name].description,
                "relevant": [f"{name}.txt"],
            }
            for name in chance.sample(asked, min(_PER_LANGUAGE, len(asked)))
        ]
    write_queries(out, lines)
    click.echo(f"{len(lines)} questions", err=True)


if __name__ == "__main__":
    main()
