"""localsearch: a private search engine for a person's own files."""

__version__ = "0.1.0"
