from __future__ import annotations

from typing import TYPE_CHECKING

import apsw
import pytest

from localsearch import db
from localsearch.types import StoreDamagedError, StoreError

if TYPE_CHECKING:
    from pathlib import Path

_FIRST = "CREATE TABLE kept (value TEXT); INSERT INTO kept VALUES ('before')"
_SECOND = "CREATE TABLE later (value TEXT)"


def test_a_reader_brings_an_older_file_up_to_date_and_writes_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    db.connect(path, [_FIRST]).close()
    reader = db.connect(path, [_FIRST, _SECOND], readonly=True)
    assert reader.execute("SELECT value FROM kept").get == "before"
    assert reader.execute("SELECT count(*) FROM later").get == 0
    with pytest.raises(apsw.ReadOnlyError):
        reader.execute("INSERT INTO later VALUES ('x')")
    reader.close()


def test_a_newer_file_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    db.connect(path, [_FIRST, _SECOND]).close()
    before = path.read_bytes()
    for readonly in (False, True):
        with pytest.raises(StoreError, match="newer version"):
            db.connect(path, [_FIRST], readonly=readonly)
    assert path.read_bytes() == before


def test_an_empty_file_is_no_index_to_read(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    path.touch()
    with pytest.raises(StoreDamagedError, match="is empty"):
        db.connect(path, [_FIRST], readonly=True)
    db.connect(path, [_FIRST]).close()
    db.connect(path, [_FIRST], readonly=True).close()
