"""Web archives (MHTML): the page inside, read like any page."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from dataclasses import replace

from converters.formats import named
from converters.html import html_document
from localsearch.types import ConversionContext, ConversionError, Document, Source


class MhtmlConverter:
    """Reads web archives as browsers save them."""

    name = "mhtml"
    version = 2
    suffixes = named("mhtml").suffixes
    filenames = named("mhtml").filenames

    def convert(self, source: Source, context: ConversionContext) -> Iterator[Document]:
        """One document of the first page in the archive, which is the one that was saved."""
        with source.open() as file:
            message = email.message_from_bytes(
                file.read(8 * context.text_limit), policy=email.policy.default
            )
        for part in message.walk():
            if part.get_content_type() in ("text/html", "application/xhtml+xml"):
                body = part.get_payload(decode=True)
                if isinstance(body, bytes):
                    page = html_document(
                        body,
                        declared=part.get_content_charset(),
                        deadline_s=context.deadline_s,
                    )
                    yield page if page.title else replace(page, title=message["subject"])
                    return
        raise ConversionError("damaged, or not a web archive: it has no page in it")
