"""Language: right on a sentence, silent on what isn't language."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from converters.language import detect_language
from converters.pipeline import run_converter
from localsearch.types import Block, ConversionContext, Document, Source


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Please send the signed contract by Friday."),
        ("de", "Die Kündigung muss schriftlich erfolgen."),
        ("es", "Los vecinos de la calle piden un paso de peatones."),
        ("fr", "Merci d'envoyer le contrat avant vendredi."),
        ("pt", "Os vizinhos da rua pedem uma passagem de peões."),
        ("it", "Si prega di inviare il contratto entro venerdì."),
        ("nl", "De fietsketting moet regelmatig worden schoongemaakt."),
        ("pl", "Proszę przesłać umowę do piątku."),
        ("tr", "Lütfen sözleşmeyi cumaya kadar gönderin."),
        ("ru", "Пожалуйста, пришлите договор до пятницы."),
        ("uk", "Будь ласка, надішліть договір до п'ятниці."),
        ("zh", "请在星期五之前把合同寄来。"),
        ("ja", "金曜日までに契約書を送ってください。"),
        ("ko", "금요일까지 계약서를 보내 주세요."),
        ("ar", "يرجى إرسال العقد قبل يوم الجمعة."),
        ("fa", "لطفا قرارداد را تا جمعه ارسال کنید."),
        ("he", "נא לשלוח את החוזה עד יום שישי."),
        ("hi", "कृपया हस्ताक्षर किया हुआ अनुबंध शुक्रवार तक भेज दें।"),
        ("th", "กรุณาส่งสัญญาภายในวันศุกร์"),
        ("vi", "Vui lòng gửi hợp đồng trước thứ Sáu."),
        ("el", "Παρακαλώ στείλτε το συμβόλαιο μέχρι την Παρασκευή."),
    ],
)
def test_sentences(language: str, text: str) -> None:
    assert detect_language(text) == language


@pytest.mark.parametrize(
    "text",
    [
        "", "x = 1", "12345 67890", "foo.bar()", "AKIA-2931", "https://example.org/a/b", "ok",
        "def f(self):\n  return self._x[3:]", "GET /index.html 200 12ms", '{"id": 3, "v": true}',
        "2024-01-02 10:22:33 ERROR code=5", "id,qty,price\n1,2,3\n4,5,6", "Makefile CC LD CFLAGS",
    ],
)  # fmt: skip
def test_no_language(text: str) -> None:
    assert detect_language(text) is None


class _Given:
    """A converter that yields one document, whatever it's given."""

    name = "given"
    version = 1
    suffixes: frozenset[str] = frozenset()
    filenames: frozenset[str] = frozenset()

    def __init__(self, document: Document) -> None:
        self._document = document

    def convert(self, source: Source, context: ConversionContext) -> Iterator[Document]:
        yield self._document


def _language_at_the_seam(document: Document) -> str | None:
    from converters.sources import BytesSource

    context = ConversionContext(lambda source: iter(()))
    return next(run_converter(_Given(document), BytesSource("x", b""), context)).language


def test_the_seam_looks_at_prose_all_over_the_document() -> None:
    german = Block("Die Kündigung muss schriftlich erfolgen, und zwar bis Ende des Monats.")
    licence = Block("Permission is hereby granted to use this work without restriction.")
    code = Block("int main(void) { return 0; }" * 50, kind="code")
    assert _language_at_the_seam(Document((licence, code, *(german,) * 60))) == "de"
    assert _language_at_the_seam(Document((german,), kind="code")) is None
    assert _language_at_the_seam(Document((german,), language="nl")) == "nl"
