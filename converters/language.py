"""Tells what language a text is in, or that it can't be told."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

# Measured on sentences of 24 languages and on code, logs and tables: sentences lie above .5,
# what isn't language below .25; two or three words lie in between.
_MIN_CONFIDENCE = 0.4
_NO_LANGUAGE = "zxx"
_CONSTRUCTED = frozenset(("vo",))


def detect_language(text: str) -> str | None:
    """The ISO 639-1 code of the text's language; None where the text is too short or unclear."""
    language, confidence = identify_language(text)
    return language if confidence >= _MIN_CONFIDENCE and language != _NO_LANGUAGE else None


def identify_language(text: str) -> tuple[str, float]:
    """The likeliest language and its probability; "zxx" is what isn't language at all."""
    language, confidence = _identifier().classify(text)
    return str(language), float(confidence)


@cache
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    # Dialects and sister languages without a code of their own in ISO 639-1 take short texts from
    # the languages that people search for.
    identifier.set_languages(
        [
            label
            for label in identifier.labels
            if (len(label) == 2 and label not in _CONSTRUCTED) or label == _NO_LANGUAGE
        ]
    )
    return identifier
