"""Messages and folders of them: headers, the right body, attachments, one result a message."""

from __future__ import annotations

import email.policy
import time
from email.message import EmailMessage
from functools import partial
from pathlib import Path

import pytest

from converters import safety
from converters.registry import convert_file
from localsearch.types import ConversionError, Document, Locator
from tests.converters import fuzz_seeds


def message(subject: str, text: str = "Hello.", **headers: str) -> EmailMessage:
    made = EmailMessage(policy=email.policy.SMTP)
    made["From"] = "Bùi Lan <lan@example.org>"
    made["To"] = "Søren <soren@example.org>"
    made["Subject"] = subject
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    return made


def convert(path: Path, data: bytes) -> tuple[Document, ...]:
    path.write_bytes(data)
    return convert_file(str(path)).documents


def text_of(document: Document) -> str:
    return "\n".join(block.text for block in document.blocks)


def place_of(document: Document, phrase: str) -> Locator:
    return next(block.locator for block in document.blocks if phrase in block.text)


def test_headers_and_body(tmp_path: Path) -> None:
    body = "يرجى إرسال الملاحظات.\n\nشكرا"
    made = message("نقاش الميزانية", body, Date="Tue, 14 May 2024 10:00:00 +0200")
    (document,) = convert(tmp_path / "a.eml", made.as_bytes())
    assert (document.title, document.kind) == ("نقاش الميزانية", "mail")
    assert "From: Bùi Lan <lan@example.org>\nTo: Søren" in document.blocks[0].text
    assert "Date: Tue, 14 May 2024 10:00:00 +0200" in document.blocks[0].text
    assert [block.text for block in document.blocks[1:]] == ["يرجى إرسال الملاحظات.", "شكرا"]


@pytest.mark.parametrize("charset", ["gb18030", "utf-8", "utf-16"])
def test_bodies_in_declared_encodings(charset: str, tmp_path: Path) -> None:
    made = EmailMessage()
    made["Subject"] = "预算"
    made.set_content("请在星期五之前把意见寄回来。", charset=charset, cte="base64")
    (document,) = convert(tmp_path / "a.eml", made.as_bytes())
    assert "星期五之前" in text_of(document)


def test_plain_text_is_preferred_unless_it_says_nothing(tmp_path: Path) -> None:
    page = "<p>The whole <b>story</b> is told here. " + "It goes on. " * 40 + "</p>"
    for plain, expected in (("The whole story in plain words. " * 20, "plain words"),
                            ("Enable HTML.", "told here")):  # fmt: skip
        made = message("Both", plain)
        made.add_alternative(page, subtype="html")
        (document,) = convert(tmp_path / "a.eml", made.as_bytes())
        assert expected in text_of(document)
        assert ("told here" in text_of(document)) != ("plain words" in text_of(document))


def test_attachments_are_read_by_their_converters(tmp_path: Path) -> None:
    made = message("With files")
    made.add_attachment(fuzz_seeds.xlsx(), "application", "octet-stream", filename="Zahlen ü.xlsx")
    made.add_attachment(b"\x89PNG\r\n\x1a\n" + bytes(50), "image", "png", filename="../photo.png")
    made.add_attachment(b"PK\x03\x04", "application", "zip", filename="broken.docx")
    inner = message("Inner", "A forwarded secret.")
    made.add_attachment(inner)
    (document,) = convert(tmp_path / "a.eml", made.as_bytes())
    assert place_of(document, "Albers").part == "Zahlen ü.xlsx"
    assert place_of(document, "Albers").cell
    assert "Attachments: Zahlen ü.xlsx, photo.png, broken.docx" in document.blocks[0].text
    assert "A forwarded secret." in text_of(document)
    assert "Subject: Inner" in text_of(document)
    (note,) = document.notes
    assert note.startswith("attachment broken.docx can't be read: ")


def test_a_folder_gives_one_document_a_message(tmp_path: Path) -> None:
    parts = []
    for number in range(3):
        made = message(f"Number {number}", f"Text {number}\n>From here on\n", Message_ID="<x@y>")
        if number == 2:
            del made["Message-ID"]
        parts.append(b"From lan Tue May 14 10:00:00 2024\n" + made.as_bytes() + b"\n\n")
    data = b"".join(parts).replace(b"\r\n", b"\n")
    documents = convert(tmp_path / "Inbox.mbox", data)
    assert [each.title for each in documents] == ["Number 0", "Number 1", "Number 2"]
    assert [each.member for each in documents] == ["x@y", "x@y (2)", "message 3"]
    assert "From here on" in text_of(documents[1])
    assert ">From" not in text_of(documents[1])
    lines = data.split(b"\n")
    for document in documents:
        line = document.blocks[0].locator.line_start
        assert line is not None
        assert lines[line - 2].startswith(b"From lan")


def test_a_file_of_a_maildir_is_known_by_its_headers(tmp_path: Path) -> None:
    made = message("Kept", Message_ID="<k@y>", Date="Tue, 14 May 2024 10:00:00 +0200")
    (document,) = convert(tmp_path / "1715673600.M1P2.host:2,S", made.as_bytes())
    assert (document.kind, document.title) == ("mail", "Kept")


def test_apple_mail_wraps_a_message(tmp_path: Path) -> None:
    data = message("Wrapped").as_bytes()
    plist = b'<?xml version="1.0"?><plist><dict><key>flags</key></dict></plist>'
    (document,) = convert(tmp_path / "1.emlx", b"%d\n%s%s" % (len(data), data, plist))
    assert document.title == "Wrapped"
    assert "plist" not in text_of(document)


def test_a_message_inside_an_archive_inside_a_message(tmp_path: Path) -> None:
    made = message("Outer")
    packed = fuzz_seeds.zipped({"notes/a.txt": "Found deep inside."})
    made.add_attachment(packed, "application", "zip", filename="all.zip")
    (document,) = convert(tmp_path / "a.eml", made.as_bytes())
    assert place_of(document, "Found deep").part == "all.zip!/notes/a.txt"


@pytest.mark.parametrize(
    "data",
    [
        b'Subject: =?utf-8?b?!!!?=\nFrom: "\\\nContent-Type: text/plain; charset=x;;*0*=\n'
        b"\nkept text",
        b"Subject: " + b"(" * 20_000 + b"\nTo: " + b"a@b, " * 50_000 + b"\n\nkept text",
        b"Subject: a\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nkept text\n",
        b"Subject: a\nContent-Transfer-Encoding: base64\n\na2VwdCB0ZXh0=====!\n",
    ],
    ids=["bad syntax", "long headers", "no end", "bad base64"],
)
def test_damaged_messages_keep_what_they_have(data: bytes, tmp_path: Path) -> None:
    began_s = time.monotonic()
    (document,) = convert(tmp_path / "a.eml", data)
    assert "kept text" in text_of(document)
    assert time.monotonic() - began_s < 20


def test_thousands_of_parts_inside_one_another_end(tmp_path: Path) -> None:
    opened = "".join(
        f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n' for n in range(3000)
    )
    began_s = time.monotonic()
    with pytest.raises(ConversionError, match="nested too deeply"):
        convert(tmp_path / "a.eml", b"Subject: a\n" + opened.encode() + b"\ndeep\n")
    assert time.monotonic() - began_s < 20


def test_what_has_no_headers_is_no_message(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match="no headers"):
        convert(tmp_path / "a.eml", b"\n\njust text\n")
    with pytest.raises(ConversionError, match="no messages"):
        convert(tmp_path / "a.mbox", b"just text\n")


def test_a_page_with_its_pictures_is_the_body_once_and_an_invitation_is_attached(
    tmp_path: Path,
) -> None:
    made = message("Brücke", "The meeting about the bridge is on Monday at nine.")
    made.add_alternative(
        "<p>The meeting about the bridge is on Monday at nine.</p>", subtype="html"
    )
    made.add_alternative(
        "BEGIN:VCALENDAR\nSUMMARY:Flamingo\nEND:VCALENDAR\n",
        subtype="calendar",
        params={"name": "invite.ics"},
    )
    _, page, _ = made.iter_parts()
    assert isinstance(page, EmailMessage)
    page.add_related(b"\x89PNG", "image", "png", cid="<picture>")
    (document,) = convert(tmp_path / "a.eml", made.as_bytes())
    assert text_of(document).count("The meeting about the bridge") == 1
    assert "invite.ics" in document.blocks[0].text


def test_a_secret_that_is_all_of_a_message_is_left_out(tmp_path: Path) -> None:
    made = message("settings", "DB_PASSWORD=hunter2")
    made.add_header("Content-Disposition", "attachment", filename=".env")
    (document,) = convert(tmp_path / "a.eml", made.as_bytes())
    assert "hunter2" not in text_of(document)
    assert any("secret" in note for note in document.notes)


def test_the_messages_of_a_folder_share_one_budget(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(safety, "Budget", partial(safety.Budget, members_left=3))
    data = b""
    for number in range(5):
        made = message(f"Nr. {number}")
        made.add_attachment(f"walrus {number}", filename="note.txt")
        data += b"From me Tue May 14 10:00:00 2024\n" + made.as_bytes() + b"\n\n"
    documents = convert(tmp_path / "Inbox.mbox", data)
    held = [f"walrus {number}" in text_of(each) for number, each in enumerate(documents)]
    assert held == [True, True, True, False, False]
    assert all(any("weren't read" in note for note in each.notes) for each in documents[3:])


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8", "koi8-r", "shift_jis"])
def test_headers_that_were_never_encoded(encoding: str, tmp_path: Path) -> None:
    subject = {
        "koi8-r": "Протокол собрания в пятницу", "shift_jis": "会議の記録です。予算について",
    }.get(encoding, "Größere Änderungen für nächste Woche")  # fmt: skip
    path = tmp_path / "a.eml"
    path.write_bytes(b"From: a@b.example\nSubject: " + subject.encode(encoding) + b"\n\nText.\n")
    (document,) = convert_file(str(path)).documents
    assert document.title == subject
