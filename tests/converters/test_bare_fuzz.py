"""Each converter by itself, without what guards it: damage ends in ConversionError or in text."""

from __future__ import annotations

import io
import os
import time
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from converters.registry import choose, convert_source
from converters.sources import BytesSource
from localsearch.types import ConversionContext, ConversionError, Source
from tests.converters import fuzz_seeds
from tests.converters.record_vectors import RECORD_VECTORS

# A campaign for `make test-long`; a sample of it every time.
_EXAMPLES = 2_000 if os.environ.get("LOCALSEARCH_LONG") else 40
_TIMEOUT_S = 10.0
_HURTING = (b"\xff\xfe", b"\0" * 9, b"9" * 40, b"<", b"]]>", b"{" * 60, b"[" * 600, b"&#0;",
            b"\r", b"\n\n", b'"', b"--cut", b"=?x?b?", b"&a *a", b"\\u", b"-1")  # fmt: skip
_SEEDS: dict[str, bytes] = {
    **{name: data for name, data in fuzz_seeds.seeds() if name.startswith("file.")},
    **{vector.name: vector.data[:3_000] for vector in RECORD_VECTORS},
}
_OTHERS = (".pdf",)
_NAMES = sorted(name for name in _SEEDS if not name.endswith(_OTHERS))


def _context() -> ConversionContext:
    return ConversionContext(lambda source: convert_source(source, _context()), text_limit=200_000)


@st.composite
def _damaged(draw: st.DrawFn, data: bytes) -> bytes:
    if zipfile.is_zipfile(io.BytesIO(data)) and draw(st.integers(0, 4)):
        # A ZIP that's whole, with one member that isn't: its checksum would hide the damage.
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members: dict[str, str | bytes] = {
                name: archive.read(name) for name in archive.namelist()
            }
        victim = draw(st.sampled_from(sorted(members)))
        inner = members[victim]
        assert isinstance(inner, bytes)
        return fuzz_seeds.zipped({**members, victim: _changed(draw, inner)})
    return _changed(draw, data)


def _changed(draw: st.DrawFn, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, max(0, len(changed) - 1)))
        match draw(st.sampled_from(["flip", "cut", "repeat", "hurt", "drop"])):
            case "flip" if changed:
                changed[at] ^= 1 << draw(st.integers(0, 7))
            case "cut":
                del changed[at:]
            case "repeat":
                piece = changed[at : at + draw(st.integers(1, 200))]
                changed[at:at] = piece * draw(st.sampled_from((1, 2, 200)))
            case "drop":
                del changed[at : at + draw(st.integers(1, 60))]
            case _:
                changed[at:at] = draw(st.sampled_from(_HURTING))
    return bytes(changed)


@pytest.mark.parametrize("name", _NAMES)
@settings(
    max_examples=_EXAMPLES,
    deadline=None,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.function_scoped_fixture,
    ],
)
@given(data=st.data())
def test_only_conversion_errors_come_out(name: str, data: st.DataObject) -> None:
    source: Source = BytesSource(name, data.draw(_damaged(_SEEDS[name])))
    # The undamaged file's converter, whatever the damaged one looks like.
    converter = choose(BytesSource(name, _SEEDS[name]))
    # What the processor did: a machine that has other work is no hanging converter.
    began_s = time.process_time()
    try:
        for document in converter.convert(source, _context()):
            assert document.kind
    except ConversionError as error:
        assert error.cause
    assert time.process_time() - began_s < _TIMEOUT_S
