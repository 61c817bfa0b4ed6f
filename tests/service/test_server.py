from __future__ import annotations

import contextlib
import io
import os
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from localsearch.api import Index
from localsearch.config import Paths, Settings
from localsearch.engine.random_qwen3 import write_random_qwen3
from localsearch.models.opening import facts_source
from localsearch.service.client import have_done, search_by_service, tell_service
from localsearch.service.service import Service
from localsearch.service.wire import ServiceRequest, TextsRequest, send
from localsearch.text_models import TextEmbedder, TextReranker, in_batches
from localsearch.types import CancelledError, NoIndexError, SearchRequest, Stage
from tests.conftest import write_library

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_library(tmp_path_factory.mktemp("served") / "library")
    with open(os.fsencode(folder) + b"/caf\xe9.txt", "wb") as file:
        file.write(b"The lighthouse keeper counts ships at dusk.")
    return folder


@pytest.fixture(scope="module")
def filled(
    starter_models_dir: Path, library: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Index]:
    base = tmp_path_factory.mktemp("home")
    # A short path: the system takes about a hundred bytes for a socket's.
    with tempfile.TemporaryDirectory(prefix="ls") as folder:
        paths = Paths(
            base / "config", base / "data", base / "state", starter_models_dir, Path(folder, "run")
        )
        with Index(paths, Settings()) as opened:
            opened.add_roots([str(library)])
            opened.update()
            yield opened


@pytest.fixture(scope="module")
def service(filled: Index) -> Iterator[Service]:
    stop = threading.Event()
    with Service(filled.paths, Settings()) as running:
        thread = threading.Thread(target=running.run, args=(stop,))
        thread.start()
        until(filled.paths.socket_file.exists)
        yield running
        stop.set()
        thread.join()


@pytest.fixture
def paths(filled: Index) -> Iterator[Paths]:
    """Those of the index, where no service runs."""
    with tempfile.TemporaryDirectory(prefix="ls") as folder:
        yield replace(
            filled.paths,
            runtime_dir=Path(folder, "run"),
            state_dir=Path(folder, "state"),
            data_dir=Path(folder, "data"),
        )


def until(condition: Callable[[], object]) -> None:
    deadline_s = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline_s
        threading.Event().wait(0.02)


def phase(service: Service) -> str:
    state = tell_service(service.paths.socket_file, ServiceRequest("state"))
    return state.phase if state is not None else ""


def ask(paths: Paths, text: str, **options: object) -> Stage:
    request = SearchRequest(text, rerank=False, **options)  # type: ignore[arg-type]
    answered = search_by_service(paths.socket_file, request, cancel=threading.Event())
    assert answered is not None
    return answered[0]


def test_it_answers_as_a_search_here_does(service: Service, filled: Index) -> None:
    for text in ("honey", "lighthouse", "wie repariert man eine Heizung", "kind:text"):
        *_, here = filled.search(filled.parse(text, rerank=False))
        there = ask(service.paths, text)
        assert [(hit.path, hit.text) for hit in there.hits] == [
            (hit.path, hit.text) for hit in here.hits
        ]
        assert there.final
        assert there.coverage == here.coverage


@pytest.mark.parametrize("as_queries", [False, True])
def test_it_embeds_as_the_model_does_here(service: Service, as_queries: bool) -> None:
    paths, texts = service.paths, ["honey", "", "Wärme für Bienen", "honey " * 3000]
    batch = TextsRequest(facts_source(paths, Settings()), tuple(texts), as_queries=as_queries)
    done = have_done(paths.socket_file, "embed", batch, cancel=threading.Event())
    assert done is not None
    assert done.vectors is not None
    with TextEmbedder(paths, Settings()) as embedder:
        there = embedder.embed(texts, as_queries=as_queries, cancel=threading.Event())
        assert embedder._here is None
        direct = np.frombuffer(done.vectors, np.float32).reshape(there.shape)
        assert np.allclose(there, direct, atol=1e-3)
        embedder._open()
        here = embedder.embed(texts, as_queries=as_queries, cancel=threading.Event())
    assert there.shape == here.shape
    assert np.allclose(there, here, atol=1e-3)


def test_texts_for_another_model_are_left_to_who_asks(service: Service, tmp_path: Path) -> None:
    model = tmp_path / "tiny.gguf"
    write_random_qwen3(model, pooling="last", name="tiny")
    cancel = threading.Event()
    with TextEmbedder(service.paths, Settings(), str(model)) as embedder:
        vectors = embedder.embed(["honey"], as_queries=False, cancel=cancel)
        assert embedder._here is not None
        assert vectors.shape == (1, embedder._here.dimension)
    judge = tmp_path / "judge.gguf"
    write_random_qwen3(judge, head="cls")
    with TextReranker(service.paths, Settings(), str(judge)) as reranker:
        assert 0 <= reranker.score("honey", ["bees"], cancel=cancel)[0] <= 1
        assert reranker._here is not None


def test_who_stops_waits_for_no_vectors(service: Service) -> None:
    batch = TextsRequest(facts_source(service.paths, Settings()), ("honey " * 400,) * 2000)
    cancel = threading.Event()
    threading.Timer(0.3, cancel.set).start()
    began_s = time.monotonic()
    with pytest.raises(CancelledError):
        have_done(service.paths.socket_file, "embed", batch, cancel=cancel)
    # The service gives it up, too, and has its hands free.
    small = replace(batch, texts=("honey",))
    until(lambda: have_done(service.paths.socket_file, "embed", small, cancel=threading.Event()))
    assert time.monotonic() - began_s < 25


def test_texts_come_in_bounded_batches() -> None:
    texts = ["x"] * 600 + ["y" * 40_000] * 3 + ["z" * 200_000, "", "w"]
    batches = list(in_batches(texts))
    assert [text for batch in batches for text in batch] == texts
    assert all(len(batch) <= 256 for batch in batches)
    assert all(sum(map(len, batch)) <= 64_000 for batch in batches if len(batch) > 1)
    assert max(map(len, batches)) == 256


def test_names_that_are_not_text_arrive_whole(service: Service) -> None:
    hit = ask(service.paths, "lighthouse keeper").hits[0]
    assert os.fsencode(hit.path).endswith(b"/caf\xe9.txt")
    assert Path(hit.path).exists()


def test_errors_arrive_as_what_they_are(service: Service, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(NoIndexError, match="in no indexed folder"):
        ask(service.paths, "honey", within=(os.fsencode(tmp_path / "elsewhere"),))


def test_what_is_not_understood_arrives_too(service: Service) -> None:
    answered = search_by_service(
        service.paths.socket_file, SearchRequest("honey kind:pfd"), cancel=threading.Event()
    )
    assert answered is not None
    assert answered[1][0].suggestion == "kind:pdf"


def test_without_a_service_there_is_no_answer(paths: Paths) -> None:
    request = SearchRequest("honey")
    assert search_by_service(paths.socket_file, request, cancel=threading.Event()) is None
    # A socket that a killed service left behind.
    paths.runtime_dir.mkdir()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(paths.socket_file))
    assert search_by_service(paths.socket_file, request, cancel=threading.Event()) is None


def test_the_socket_is_the_users_alone_and_goes_with_the_service(
    paths: Paths, library: Path
) -> None:
    with Index(paths, Settings()) as index:
        index.add_roots([str(library)])
    paths.runtime_dir.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(paths.socket_file))
    stop = threading.Event()
    with Service(paths, Settings()) as running:
        thread = threading.Thread(target=running.run, args=(stop,))
        thread.start()
        until(lambda: tell_service(paths.socket_file, ServiceRequest("state")))
        assert stat.S_IMODE(paths.socket_file.stat().st_mode) == 0o600
        assert stat.S_IMODE(paths.runtime_dir.stat().st_mode) == 0o700
        stop.set()
        thread.join()
    assert not paths.socket_file.exists()


@pytest.mark.parametrize(
    "noise",
    [b"", b"\x00", b"GET / HTTP/1.1\r\n\r\n", b"\xff\xff\xff\xff", b"\0\0\0\1\xc1"],
    ids=range(5),
)
def test_noise_does_it_no_harm(service: Service, noise: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(service.paths.socket_file))
        connection.sendall(noise)
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(30)
        assert connection.recv(1) == b""
    assert ask(service.paths, "honey").hits


def test_it_pauses_and_goes_on_when_told(service: Service, library: Path) -> None:
    file = service.paths.socket_file
    assert tell_service(file, ServiceRequest("pause"))
    until(
        lambda: (state := tell_service(file, ServiceRequest("state"))) and state.phase == "paused"
    )
    (library / "later.txt").write_text("A telescope on the roof.")
    assert ask(service.paths, "telescope", mode="keyword").hits == ()
    assert tell_service(file, ServiceRequest("resume"))
    assert tell_service(file, ServiceRequest("rescan"))
    until(lambda: ask(service.paths, "telescope", mode="keyword").hits)


def test_silent_clients_keep_nobody_waiting(service: Service) -> None:
    path = service.paths.socket_file
    with contextlib.ExitStack() as silent:
        for _ in range(8):
            connection = silent.enter_context(socket.socket(socket.AF_UNIX))
            connection.connect(str(path))
        assert tell_service(path, ServiceRequest("state")) is not None


def test_who_stops_waits_for_no_answer(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="ls") as folder, socket.socket(socket.AF_UNIX) as mute:
        path = Path(folder) / "s"
        mute.bind(str(path))
        mute.listen()
        cancel = threading.Event()
        threading.Timer(0.2, cancel.set).start()
        began_s = time.monotonic()
        with pytest.raises(CancelledError):
            search_by_service(path, SearchRequest("x"), cancel=cancel)
        assert time.monotonic() - began_s < 1.5


ASK = """
import socket, sys
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect(sys.argv[1])
    connection.settimeout(30)
    try:
        connection.sendall(bytes.fromhex(sys.argv[2]))
        print(len(connection.recv(1000)))
    except ConnectionError:
        print(0)
"""


@pytest.mark.skipif(sys.platform != "linux" or os.getuid() != 0, reason="needs another user")
@pytest.mark.parametrize(("user", "is_answered"), [(0, True), (65534, False)])
def test_another_user_is_not_answered(service: Service, user: int, is_answered: bool) -> None:
    file = service.paths.socket_file
    asked = io.BytesIO()
    send(asked, ServiceRequest("state"))  # type: ignore[arg-type]
    # As if the permissions had been opened, so that only the question who it is stands between.
    opened = [(file, 0o666), (file.parent, 0o755), (file.parent.parent, 0o755)]
    before = [(path, stat.S_IMODE(path.stat().st_mode)) for path, _ in opened]
    try:
        for path, mode in opened:
            path.chmod(mode)
        done = subprocess.run(
            [
                "/usr/bin/env",
                "-i",
                sys.executable,
                "-I",
                "-S",
                "-c",
                ASK,
                file,
                asked.getvalue().hex(),
            ],
            capture_output=True,
            text=True,
            check=True,
            user=user,
            cwd="/",
        )
    finally:
        for path, mode in before:
            path.chmod(mode)
    assert (int(done.stdout) > 0) == is_answered
