"""Judged questions of the Debian FAQ and handbook, in five languages, that nobody wrote for this.

    apt-get download debian-faq debian-faq-{de,fr,ru,zh-cn} debian-handbook
    for package in *.deb; do dpkg -x $package unpacked; done
    python -m benchmarks.debian_docs unpacked/usr/share/doc OUT
    python -m benchmarks.quality OUT

The question is the title of a section, the answer the section's own text without its title. A
section counts where all five languages have it. OUT gets the form that benchmarks.quality reads;
the number of a folder is that of its chapter.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click
from selectolax.lexbor import LexborHTMLParser

from benchmarks.languages import write_queries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selectolax.lexbor import LexborNode

# Each language's pages, by book, from the folder of all documentation.
BOOKS = {
    "faq": {
        "en": "debian/FAQ/*.en.html",
        "de": "debian/FAQ/de/*.de.html",
        "fr": "debian/FAQ/fr/*.fr.html",
        "ru": "debian/FAQ/ru/*.ru.html",
        "zh": "debian/FAQ/zh-cn/*.zh-cn.html",
    },
    "handbook": {
        "en": "debian-handbook/html/en-US/*.html",
        "de": "debian-handbook/html/de-DE/*.html",
        "fr": "debian-handbook/html/fr-FR/*.html",
        "ru": "debian-handbook/html/ru-RU/*.html",
        "zh": "debian-handbook/html/zh-CN/*.html",
    },
}
_LEAST_TEXT, _LEAST_TITLE = 200, 10
_NUMBER = re.compile(r"^(?:[A-Z]\.)?[\d.]+\s*")
_PARTS_OF_TITLE = "div.titlepage, div.toc, a.indexterm"

# (page, id of the section) → (title, text)
Sections = dict[tuple[str, str], tuple[str, str]]


def sections_of(source: Path, pattern: str) -> Sections:
    """Every section of the pages that has text of its own."""
    found: Sections = {}
    ending = pattern.rpartition("*")[2]
    for page in sorted(source.glob(pattern)):
        tree = LexborHTMLParser(page.read_text(encoding="utf-8"))
        for section in _innermost_first(tree):
            anchor = section.css_first("div.titlepage .title a[id]")
            title_node = anchor.parent if anchor is not None else None
            if anchor is None or title_node is None:
                continue
            name = str(anchor.attributes["id"])
            title = _NUMBER.sub("", _plain(title_node))
            for part in section.css(_PARTS_OF_TITLE):
                part.decompose()
            text = "\n".join(filter(None, map(_plain, section.iter())))
            section.decompose()
            if len(text) >= _LEAST_TEXT and len(title) >= (_LEAST_TITLE if title.isascii() else 4):
                found[page.name.removesuffix(ending), name] = title, text
    return found


def _innermost_first(tree: LexborHTMLParser) -> Iterator[LexborNode]:
    sections = tree.css("div.section")
    yield from reversed(sections)


def _plain(node: LexborNode) -> str:
    return " ".join(node.text().split())


def common_sections(source: Path) -> Iterator[tuple[str, dict[str, tuple[str, str]]]]:
    """(where a section lies, its title and text by language) of those that every language has."""
    for book, patterns in BOOKS.items():
        by_language = {lang: sections_of(source, each) for lang, each in patterns.items()}
        shared = set.intersection(*map(set, by_language.values()))
        # What isn't translated is no question in another language.
        keys = [
            key
            for key in by_language["en"]
            if key in shared
            and len({sections[key][0] for sections in by_language.values()}) == len(patterns)
            and len({sections[key][1] for sections in by_language.values()}) == len(patterns)
        ]
        pages = list(dict.fromkeys(page for page, _ in keys))
        for page, name in keys:
            folder = f"{pages.index(page):02}-{_safe(f'{book}-{page}')}"
            sections = {lang: each[page, name] for lang, each in by_language.items()}
            yield f"{folder}/{_safe(name)}.txt", sections


def _safe(name: str) -> str:
    return re.sub(r"[^\w.-]", "-", name)


@click.command()
@click.argument("source", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
def main(source: Path, out: Path) -> None:
    """Make the set of SOURCE's documentation in OUT; see the module's text."""
    lines = []
    for place, by_language in common_sections(source):
        for lang, (title, text) in by_language.items():
            file = out / "docs" / lang / place
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text + "\n", encoding="utf-8")
            lines.append({"id": place, "lang": lang, "query": title, "relevant": [place]})
    write_queries(out, lines)
    click.echo(f"{len(lines)} questions about {len(lines) // len(BOOKS['faq'])} sections", err=True)


if __name__ == "__main__":
    main()
