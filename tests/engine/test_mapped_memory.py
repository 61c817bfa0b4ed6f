"""A mapped file's pages leave this process when told to, and what they hold can still be read."""

from __future__ import annotations

import mmap
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from localsearch.engine.gguf import Qwen3Shape, write_random_qwen3
from localsearch.engine.mapped_memory import let_go_of_file

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere all stays mapped")


def _resident_bytes(path: Path) -> int:
    """What of the file lies in this process's memory."""
    mappings = psutil.Process().memory_maps(grouped=False)
    return sum(each.rss for each in mappings if each.path == os.path.realpath(path))


# "[heap]" and the like are no paths, and blanks belong to one.
@pytest.mark.parametrize("name", ["weights.gguf", "my  weights [Q8_0] é.gguf"])
def test_a_mapped_file_is_let_go_of_and_still_holds_what_it_held(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    held = os.urandom(1 << 20) * 8
    path.write_bytes(held)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as mapped:
        assert mapped[:] == held
        assert _resident_bytes(path) == len(held)
        let_go_of_file(path)
        assert _resident_bytes(path) == 0
        assert mapped[:] == held


# A process of its own has no memory that was freed, in which copies might come to lie unseen.
_LOADING = """
import sys
from pathlib import Path
from localsearch.engine.runtime import Model
from tests.engine.test_mapped_memory import _resident_bytes
path = Path(sys.argv[1])
for extra_buffers in (False, True):
    with Model(path, extra_buffers=extra_buffers) as model:
        print(bool(model._repacked), _resident_bytes(path))
"""


def test_weights_that_were_copied_are_in_memory_once(tmp_path: Path) -> None:
    path = tmp_path / "large.gguf"
    # Smaller ones may come to lie in memory that was there before, and aren't looked for.
    shape = Qwen3Shape(
        layers=24, hidden=512, heads=8, kv_heads=4, head_dimension=64, feed_forward=1536,
        context=512,
    )  # fmt: skip
    write_random_qwen3(path, shape, quantisation="Q4_0")
    size = path.stat().st_size
    loading = subprocess.run(
        [sys.executable, "-c", _LOADING, str(path)],
        stdout=subprocess.PIPE, check=True, text=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    (_, mapped), (repacked, left) = (line.split() for line in loading.stdout.splitlines())
    assert int(mapped) > size * 0.9
    if repacked == "False":
        pytest.skip("this processor's kernels read the weights as they are in the file")
    assert int(left) < size * 0.1
