"""Model files are told apart by their headers; nothing that isn't a model gets further."""

from __future__ import annotations

import struct
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localsearch.engine.gguf import GgufInfo, inspect_gguf, write_random_qwen3
from localsearch.types import ModelError


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gguf") / "model.gguf"
    write_random_qwen3(path, seed=3, name="Qwen3 of a test")
    return path


def test_a_model_says_what_it_is(model: Path) -> None:
    assert inspect_gguf(model) == GgufInfo(
        architecture="qwen3",
        name="Qwen3 of a test",
        embedding_length=256,
        context_length=1024,
        block_count=2,
        quantisation="F32",
        vocabulary_size=1070,
        pooling="",
        has_rank_head=False,
        tokenizer_model="gpt2",
        parameter_count=1070 * 256 + 2 * (2 * 256 + 2 * 64 + 256 * (2 * 256 + 2 * 128 + 768)) + 256,
        file_bytes=model.stat().st_size,
    )


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "it's empty"),
        (b"GGUF", "it's too short"),
        (b"\x00" * 4096, "isn't a GGUF"),
        (bytes(range(256)) * 64, "isn't a GGUF"),
        (b"\n <!DOCTYPE html><html><body>Sign in</body></html>", "is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "Git LFS"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 0), "without a model in it"),
        (b"GGUF" + struct.pack("<IQQ", 99, 0, 0), "format version 99"),
        (b"GGUF" + struct.pack("<IQQ", 3, 2**63, 1), "claims 9,223,372,036,854,775,808 tensors"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1, 2**40), "claims 1,099,511,627,776 entries"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 1, 1, 2**62) + b"x" * 99, "bytes in one text"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1, 1) + b"\xff" * 7, "ends before its header"),
    ],
)
def test_what_isnt_a_model_is_refused_with_the_reason(
    tmp_path: Path, content: bytes, cause: str
) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    with pytest.raises(ModelError) as caught:
        inspect_gguf(path)
    assert cause in caught.value.cause
    assert caught.value.remedy


@pytest.mark.parametrize("kept", [0.0001, 0.001, 0.01, 0.5, 0.999])
def test_a_truncated_download_is_refused(tmp_path: Path, model: Path, kept: float) -> None:
    path = tmp_path / "cut.gguf"
    path.write_bytes(model.read_bytes()[: int(model.stat().st_size * kept)])
    with pytest.raises(ModelError, match="damaged"):
        inspect_gguf(path)


def test_a_missing_file_is_a_model_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="can't be read"):
        inspect_gguf(tmp_path / "nowhere.gguf")


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_damaged_bytes_give_a_model_error_or_an_answer_and_little_memory(
    tmp_path: Path, model: Path, data: st.DataObject
) -> None:
    content = bytearray(model.read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, 40_000))
        content[at : at + 8] = data.draw(st.binary(min_size=8, max_size=8))
    path = tmp_path / "damaged.gguf"
    path.write_bytes(content)
    tracemalloc.start()
    try:
        assert inspect_gguf(path).file_bytes == len(content)
    except ModelError as error:
        assert error.remedy
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 60_000_000


def test_a_large_vocabulary_is_walked_without_being_kept(tmp_path: Path) -> None:
    import gguf
    import numpy as np

    path = tmp_path / "wide.gguf"
    writer = gguf.GGUFWriter(path, "qwen3")
    writer.add_token_list([f"token {number}" for number in range(151_669)])
    writer.add_tensor("token_embd.weight", np.zeros((4, 4), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    tracemalloc.start()
    info = inspect_gguf(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert info.vocabulary_size == 151_669
    assert peak < 20_000_000
