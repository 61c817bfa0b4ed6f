"""What tells languages apart is known of an index of a few passages, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localsearch.search.learning import learn_from_vectors
from localsearch.store import Store

if TYPE_CHECKING:
    from pathlib import Path

    from localsearch.api import Index

NOTES = {
    "en.txt": "My camera was left in the bus, and the lost property office had it by evening.\n",
    "en2.txt": "The committee meets on Thursdays and keeps its minutes in a blue folder.\n",
    "de.txt": "Der Heizkessel verlor jede Nacht Druck, bis das Ventil ersetzt wurde.\n",
    "de2.txt": "Die Sitzung des Vereins findet am Montag im Rathaus statt, alle sind geladen.\n",
}


def test_few_passages_are_enough(index: Index, tmp_path: Path) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    for name, text in NOTES.items():
        (folder / name).write_text(text)
    index.add_roots([str(folder)])
    index.update()
    with Store(index.paths.index_file) as store:
        serving = store.vectors.serving_model()
        assert serving is not None
        assert set(store.vectors.sentences(serving.id)) == {"de", "en"}
        directions = store.vectors.language_directions(serving)
        assert directions is not None
        assert directions.shape == (1, serving.dimension)
        # What was embedded once is used again.
        learn_from_vectors(store, None)
        again = store.vectors.language_directions(serving)
        assert again is not None
        assert abs(float(again[0] @ directions[0])) > 0.999
