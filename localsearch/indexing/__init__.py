"""The steps of an indexing run: what differs, what the files say, what it means."""
