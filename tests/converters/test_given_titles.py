"""Titles in a file's properties: what people wrote is kept, what programs put there isn't."""

from __future__ import annotations

import pytest

from converters.given_titles import given_title


@pytest.mark.parametrize(
    "title",
    [
        "Microsoft Word in der Schule",
        "Microsoft Excel for Accountants",
        "How to edit config.md",
        "Untitled, No. 5",
        "Dokumente",
    ],
)
def test_a_persons_title(title: str) -> None:
    assert given_title(title) == title


@pytest.mark.parametrize(
    "title",
    [
        "Microsoft Word - Bericht 5.doc",
        "Microsoft Word Document",
        "Microsoft Excel",
        "Annual report 2010.docx",
        "scan0001.pdf",
        "Document1",
        "Dokument1",
        "Präsentation1",
        "Presentation",
        "untitled 3",
        "Slide 1",
    ],
)
def test_a_programs_title(title: str) -> None:
    assert given_title(title) is None
