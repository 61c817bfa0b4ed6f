"""Does an index of an older version say the same once its tables were brought up to date?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from localsearch import db
from localsearch.store import Store, beginnings
from localsearch.store.documents import embedding_key
from localsearch.store.filters import passage_condition
from localsearch.store.schema import MIGRATIONS
from localsearch.types import Filters
from tests.store.making import DIMENSION, embed_all, put, vector_of

if TYPE_CHECKING:
    from pathlib import Path

BEFORE_EMBEDDED = 4


def write_as_before(path: Path) -> None:
    """Two chunks of the same text, which has a vector, and one that waits for its own."""
    connection = db.connect(path, MIGRATIONS[:BEFORE_EMBEDDED])
    connection.execute(
        "INSERT INTO files (id, path, size, mtime_ns, inode, device, extension, kind, state)"
        " VALUES (1, CAST('/r/a.txt' AS BLOB), 1, 1, 1, 1, 'txt', 'text', 'indexed');"
        "INSERT INTO files_fts (rowid, name, folder) VALUES (1, 'a', 'r');"
        "INSERT INTO documents VALUES (1, 1, '', 'a', 'text', 'en', '')"
    )
    connection.execute(
        "INSERT INTO models (id, fingerprint, name, dimension, serving)"
        " VALUES (1, 'f1', 'tiny', ?, 1)",
        (DIMENSION,),
    )
    for number, text in enumerate(("same", "same", "waiting"), start=1):
        connection.execute(
            "INSERT INTO chunks VALUES (?, 1, ?, ?, '[]', '{}', 1, ?)",
            (number, number, text, embedding_key(text)),
        )
        connection.execute(
            "INSERT INTO chunks_fts (rowid, title, heading, body) VALUES (?, '', '', ?)",
            (number, text),
        )
    connection.execute(
        "INSERT INTO vectors (model_id, embedding_key, embedding) VALUES (1, ?, ?)",
        (embedding_key("same"), vector_of("same").tobytes()),
    )
    connection.execute("INSERT INTO unembedded VALUES (1, 3)")
    connection.close()


def test_chunks_keep_their_vectors_and_what_waits_goes_on_waiting(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    write_as_before(path)
    with Store(path) as store:
        assert store.checks.problems() == ()
        assert [each.chunk.text for each in store.vectors.unembedded(10)] == ["waiting"]
        query = vector_of("same")[0]
        found = store.vectors.nearest(1, query, 10, passage_condition(Filters(), []))
        assert [chunk_id for chunk_id, _ in found] == [1, 2]
        embed_all(store)
        assert store.vectors.count(1) == 2
        with store.transaction():
            assert store.documents.add_beginnings()
        assert beginnings.are_complete(store._connection)
        put(store, "/r/a.txt", "waiting")
        assert store.vectors.count(1) == 1
        assert store.checks.problems() == ()
