"""How does text from a file become tokens without ever becoming a special token?"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from localsearch.engine.native import library

if TYPE_CHECKING:
    from localsearch.engine.runtime import Model

# `enum llama_token_attr` in llama.h.
_NORMAL, _USER_DEFINED = 1 << 2, 1 << 4


class PlainText:
    """Tokenises text as the official tokenizer would if it knew no special tokens.

    llama.cpp leaves control tokens such as <|im_end|> alone unless asked for them, but always
    matches those that are merely added, such as <think>.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        spelt = sorted(_added_tokens(model), key=len, reverse=True)
        # Broken where its last letters end: Qwen's pre-tokenizer cuts there anyway, so that the
        # pieces give the very ids of plain text.
        self._breaks = re.compile("|".join(map(_breakable, spelt))) if spelt else None

    def tokens(self, text: str) -> list[int]:
        """Token ids; the text is put into NFC first, as the official tokenizer does."""
        text = unicodedata.normalize("NFC", text)
        if self._breaks is None:
            return self._model.tokenize(text)
        tokens, start = [], 0
        for match in self._breaks.finditer(text):
            tokens += self._model.tokenize(text[start : match.end()])
            start = match.end()
        return tokens + self._model.tokenize(text[start:])


def _breakable(token: str) -> str:
    head = token.rstrip("|>") or token[:1]
    return f"{re.escape(head)}(?={re.escape(token[len(head) :])})"


def _added_tokens(model: Model) -> list[str]:
    """Spellings of the added tokens, which byte-level BPEs keep at the vocabulary's end."""
    llama = library()
    found = []
    for token in range(model.vocabulary_size - 1, -1, -1):
        attributes = llama.llama_vocab_get_attr(model.vocabulary, token)
        if attributes & _NORMAL:
            break
        if attributes & _USER_DEFINED:
            found.append(llama.llama_vocab_get_text(model.vocabulary, token).decode())
    return found
