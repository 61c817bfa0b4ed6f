"""The tables of the index, as numbered migrations: append a new one, never change an old one."""

from __future__ import annotations

# Text comes folded by localsearch/keywords.py. Combining marks belong to words (without them, vowel
# and tone marks split Thai and Hindi), and private-use characters carry the operators of names
# such as C++.
_FTS_OPTIONS = (
    "content='', contentless_delete=1, "
    "tokenize=\"unicode61 remove_diacritics 0 categories 'L* N* M* Co'\""
)

_FIRST = f"""
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE roots (
    id INTEGER PRIMARY KEY,
    path BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL,
    online INTEGER NOT NULL DEFAULT 1
);

-- Paths are bytes, as file names need not be text.
CREATE TABLE files (
    id INTEGER PRIMARY KEY,
    path BLOB NOT NULL UNIQUE,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    device INTEGER NOT NULL,
    extension TEXT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'indexed', 'failed', 'name_only')),
    reason TEXT NOT NULL DEFAULT '',
    content_hash BLOB,
    converter TEXT NOT NULL DEFAULT '',
    chunker INTEGER NOT NULL DEFAULT 0,
    online INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX files_state ON files (state, mtime_ns DESC);

-- What is in a file: itself (member ''), or each message or archive entry in it.
CREATE TABLE documents (
    id INTEGER PRIMARY KEY,
    file_id INTEGER NOT NULL REFERENCES files (id) ON DELETE CASCADE,
    member TEXT NOT NULL,
    title TEXT NOT NULL,
    kind TEXT NOT NULL,
    language TEXT,
    notes TEXT NOT NULL,
    UNIQUE (file_id, member)
);

-- embedding_key is the hash of exactly what is embedded.
CREATE TABLE chunks (
    id INTEGER PRIMARY KEY,
    document_id INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    text TEXT NOT NULL,
    heading_path TEXT NOT NULL,
    locator TEXT NOT NULL,
    tokens INTEGER NOT NULL,
    embedding_key BLOB NOT NULL
);
CREATE INDEX chunks_document ON chunks (document_id, ordinal);
CREATE INDEX chunks_embedding_key ON chunks (embedding_key);

CREATE VIRTUAL TABLE chunks_fts USING fts5 (title, heading, body, {_FTS_OPTIONS});
CREATE VIRTUAL TABLE files_fts USING fts5 (name, folder, {_FTS_OPTIONS});

-- The models that vectors are of; the one that serves searches has serving = 1. The directions that
-- tell languages apart are float32, one after the other (localsearch/search/language_bias.py).
CREATE TABLE models (
    id INTEGER PRIMARY KEY,
    fingerprint TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    dimension INTEGER NOT NULL,
    serving INTEGER NOT NULL DEFAULT 0,
    language_directions BLOB
);

CREATE TABLE vectors (
    id INTEGER PRIMARY KEY,
    model_id INTEGER NOT NULL REFERENCES models (id) ON DELETE CASCADE,
    embedding_key BLOB NOT NULL,
    embedding BLOB NOT NULL,
    UNIQUE (model_id, embedding_key)
);

-- The work that is left: chunks whose vector by the serving model is still missing.
CREATE TABLE unembedded (
    document_id INTEGER NOT NULL,
    chunk_id INTEGER NOT NULL REFERENCES chunks (id) ON DELETE CASCADE,
    PRIMARY KEY (document_id, chunk_id)
) WITHOUT ROWID;
CREATE INDEX unembedded_chunk ON unembedded (chunk_id);
"""

_VOLUMES = """
-- Mount points that hold known files: while one is missing, its files are out of reach, not gone.
CREATE TABLE mounts (path BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE INDEX files_offline ON files (path) WHERE online = 0;
"""

_CODES = """
-- How the serving model's vectors are coded (localsearch/store/codes.py), once there are many:
-- `vectors` is how many there were when `data` was fitted, `generation` a random name for that.
CREATE TABLE quantisers (
    model_id INTEGER PRIMARY KEY REFERENCES models (id) ON DELETE CASCADE,
    data BLOB NOT NULL,
    vectors INTEGER NOT NULL,
    generation TEXT NOT NULL
);
-- A row for each chunk that has a vector. No id is ever used twice, so that what's kept in memory
-- can't mean another row.
CREATE TABLE codes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    chunk_id INTEGER NOT NULL UNIQUE REFERENCES chunks (id) ON DELETE CASCADE,
    document_id INTEGER NOT NULL,
    code BLOB NOT NULL
);
"""

_SENTENCES = """
-- The mean vector by each model of sentences that are the same in every language
-- (localsearch/search/language_bias.py), float32.
CREATE TABLE language_sentences (
    model_id INTEGER NOT NULL REFERENCES models (id) ON DELETE CASCADE,
    language TEXT NOT NULL,
    mean BLOB NOT NULL,
    PRIMARY KEY (model_id, language)
) WITHOUT ROWID;
"""

_EMBEDDED = """
-- Which vector each chunk has. An index of the chunks by their keys told as much, but keys are
-- hashes: each chunk of a file that's written anew changed another page of it.
CREATE TABLE embedded (
    chunk_id INTEGER PRIMARY KEY REFERENCES chunks (id) ON DELETE CASCADE,
    vector_id INTEGER NOT NULL REFERENCES vectors (id) ON DELETE CASCADE
);
INSERT INTO embedded SELECT c.id, v.id FROM chunks c
    JOIN models m ON m.serving = 1
    JOIN vectors v ON v.model_id = m.id AND v.embedding_key = c.embedding_key;
CREATE INDEX embedded_vector ON embedded (vector_id);
DROP INDEX chunks_embedding_key;
-- What a code ends with is new (localsearch/store/quantise.py): all are made anew.
DELETE FROM codes;
DELETE FROM quantisers;

-- The work that's left is looked up by key, too: there's one index of hashes while there's work.
DROP TABLE unembedded;
CREATE TABLE unembedded (
    document_id INTEGER NOT NULL,
    chunk_id INTEGER NOT NULL REFERENCES chunks (id) ON DELETE CASCADE,
    embedding_key BLOB NOT NULL,
    PRIMARY KEY (document_id, chunk_id)
) WITHOUT ROWID;
INSERT INTO unembedded SELECT document_id, id, embedding_key FROM chunks
    WHERE id NOT IN (SELECT chunk_id FROM embedded);
CREATE INDEX unembedded_chunk ON unembedded (chunk_id);
CREATE INDEX unembedded_key ON unembedded (embedding_key);
"""

_BEGINNINGS = f"""
-- What each chunk holds especially much of (localsearch/store/beginnings.py). Those that are there
-- already come to it bit by bit, as indexing ends.
CREATE VIRTUAL TABLE beginnings_fts USING fts5 (beginnings, detail=none, {_FTS_OPTIONS});
"""

_BEGINNINGS_GO_ALONG = """
-- A process of an older version that still has the index open knows no beginnings: what it removes
-- would leave them behind, for the next chunk of that id.
DELETE FROM beginnings_fts WHERE rowid NOT IN (SELECT id FROM chunks);
CREATE TRIGGER beginnings_go_along AFTER DELETE ON chunks
    BEGIN DELETE FROM beginnings_fts WHERE rowid = old.id; END;
"""

MIGRATIONS: tuple[str, ...] = (
    _FIRST,
    _VOLUMES,
    _CODES,
    _SENTENCES,
    _EMBEDDED,
    _BEGINNINGS,
    _BEGINNINGS_GO_ALONG,
)
