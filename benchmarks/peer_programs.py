"""How each of the programs of `benchmarks.peers` indexes a folder and answers a question."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from benchmarks.peer_runs import Asking, PeerError, Run, bytes_of, run
from localsearch import config

_RESULTS = "10"
_OURS = str(Path(sys.executable).with_name("localsearch"))
_OUR_DRIVER = """
import json, sys
from localsearch import open_index
with open_index() as index:
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        for stage in index.search(index.parse(line.strip(), limit=10, rerank=False)):
            hits = stage.hits
        print(json.dumps([hit.path for hit in hits]), flush=True)
"""
# One question a line in, one JSON list of paths a line out; the model stays loaded.
_QMD_DRIVER = """
import { createInterface } from "node:readline";
import { createStore } from "@tobilu/qmd";
const [dbPath, configPath] = process.argv.slice(2);
const store = await createStore({ dbPath, configPath });
console.log(JSON.stringify("ready"));
for await (const query of createInterface({ input: process.stdin })) {
  const queries = [{ type: "lex", query }, { type: "vec", query }];
  const found = await store.search({ queries, rerank: false, limit: 10 });
  console.log(JSON.stringify(found.map((hit) => hit.file)));
}
await store.close();
process.exit(0);
"""


@dataclass
class Peer(ABC):
    """A program, a folder of its own to write to, and the documents it indexes."""

    base: Path
    docs: Path
    name: ClassVar[str]
    how: ClassVar[str]

    def __post_init__(self) -> None:
        self.base.mkdir(parents=True, exist_ok=True)

    def version(self) -> str:
        """The version, "" where the program doesn't say."""
        return ""

    def index_bytes(self) -> int:
        """What it keeps."""
        return bytes_of(self.base)

    def update(self) -> Run:
        """Indexing once more, when nothing has changed."""
        return self.index()

    @abstractmethod
    def index(self) -> Run:
        """Index the documents."""

    @abstractmethod
    def ask(self, question: str) -> tuple[Run, Sequence[str]]:
        """Ask by a command of its own."""

    def stay_up(self) -> Asking | None:
        """The program kept running, where it can be."""
        return None


class Localsearch(Peer):
    """Ours, with the starter model."""

    name = "localsearch"
    how = "starter model, hybrid, no reranker; warm: its library in one process"

    def __post_init__(self) -> None:
        super().__post_init__()
        os.environ["LOCALSEARCH_HOME"] = str(self.base)
        from localsearch.models import resolve_embedder

        # Unpacked before the clock starts, as the peers' models are downloaded before.
        self.model = resolve_embedder(config.find_paths(), config.Settings()).path

    def version(self) -> str:
        import localsearch

        return localsearch.__version__

    def index_bytes(self) -> int:
        return bytes_of(config.find_paths().data_dir)

    def index(self) -> Run:
        return self._run("add", str(self.docs))

    def update(self) -> Run:
        return self._run("index")

    def ask(self, question: str) -> tuple[Run, Sequence[str]]:
        done = self._run("search", "--files", "-n", _RESULTS, "--", _plain(question))
        return done, done.output.splitlines()

    def stay_up(self) -> Asking:
        return _Driven((sys.executable, "-c", _OUR_DRIVER), {}, _plain)

    def _run(self, *arguments: str) -> Run:
        return run((_OURS, *arguments), {}, fine=(0, 1))


class Ripgrep(Peer):
    """No index: files by how many different words of the question they hold."""

    name = "ripgrep"
    how = "no index, no ranking of its own: files by how many words of the question they hold"

    def version(self) -> str:
        return _last_word("rg", "--version")

    def index(self) -> Run:
        return run(("rg", "--version"), {})

    def ask(self, question: str) -> tuple[Run, Sequence[str]]:
        words = [part for word in re.findall(r"\w+", question) for part in ("-e", word)]
        done = run(("rg", "-iowN", "--no-heading", "-H", *words, str(self.docs)), {}, fine=(0, 1))
        held: dict[str, set[str]] = defaultdict(set)
        for line in done.output.splitlines():
            path, _, word = line.rpartition(":")
            held[path].add(word.casefold())
        ranked = sorted(held, key=lambda path: (-len(held[path]), path))
        return done, ranked[: int(_RESULTS)]


class Recoll(Peer):
    """Xapian, words with stemming."""

    name = "recoll"
    how = "recollindex and recollq, any of the words, English stemming; no model"

    def version(self) -> str:
        found = re.search(r"Recoll ([\d.]+)", _said("recollindex", "-v"))
        return found[1] if found else ""

    def index(self) -> Run:
        (self.base / "recoll.conf").write_text(f"topdirs = {self.docs}\n", encoding="utf-8")
        return run(("recollindex", "-c", str(self.base)), {})

    def ask(self, question: str) -> tuple[Run, Sequence[str]]:
        words = " ".join(re.findall(r"\w+", question))
        command = ("recollq", "-c", str(self.base), "-o", "-b", "-n", _RESULTS, words)
        done = run(command, {}, fine=(0, 1))
        prefix = "file://"
        lines = done.output.splitlines()
        return done, [line.removeprefix(prefix) for line in lines if line.startswith(prefix)]


@dataclass
class Qmd(Peer):
    """Node, node-llama-cpp, FTS5 and sqlite-vec."""

    folder: Path
    node: str
    model: Path
    name = "qmd"
    how = (
        "`lex:` and `vec:` of the question without its reranker and its query expansion, whose"
        " models weren't at hand; the same GGUF as localsearch; warm: its library in one process"
    )

    def version(self) -> str:
        try:
            manifest = (self._package / "package.json").read_text(encoding="utf-8")
        except OSError:
            return ""
        return str(json.loads(manifest)["version"])

    @property
    def _package(self) -> Path:
        return self.folder / "node_modules/@tobilu/qmd"

    @property
    def _config(self) -> Path:
        return self.base / "config/index.yml"

    def index_bytes(self) -> int:
        return bytes_of(self.base / "cache")

    def index(self) -> Run:
        if not self._package.is_dir():
            raise PeerError("not installed (--qmd names the folder)")
        self._config.parent.mkdir(exist_ok=True)
        self._config.write_text(
            f"collections:\n  en:\n    path: {self.docs}\n    pattern: '**/*.txt'\n"
            f"models:\n  embed: {self.model}\n",
            encoding="utf-8",
        )
        return self.update()

    def update(self) -> Run:
        read, embedded = self._run("update"), self._run("embed")
        return Run(
            "",
            read.took_s + embedded.took_s,
            max(read.peak_rss_bytes, embedded.peak_rss_bytes),
            read.cpu_s + embedded.cpu_s,
        )

    def ask(self, question: str) -> tuple[Run, Sequence[str]]:
        both = f"lex: {question}\nvec: {question}"
        done = self._run("query", both, "--no-rerank", "--format", "json", "-n", _RESULTS)
        try:
            hits = json.loads(done.output[done.output.index("[") :])
        except ValueError as error:
            raise PeerError(f"its answer isn't JSON: {done.output[:80]!r}") from error
        return done, [hit["file"] for hit in hits]

    def stay_up(self) -> Asking:
        driver = self.folder / "localsearch_peers_driver.mjs"
        driver.write_text(_QMD_DRIVER, encoding="utf-8")
        database = next((self.base / "cache").rglob("*.sqlite"))
        command = (self.node, str(driver), str(database), str(self._config))
        return _Driven(command, self._environment)

    @property
    def _environment(self) -> Mapping[str, str]:
        return {
            "XDG_CACHE_HOME": str(self.base / "cache"),
            "QMD_CONFIG_DIR": str(self._config.parent),
            "QMD_FORCE_CPU": "1",
        }

    def _run(self, *arguments: str) -> Run:
        program = str(self._package / "dist/cli/qmd.js")
        return run((self.node, program, *arguments), self._environment, cwd=self.base)


class _Driven:
    """A program that takes a question a line and answers with a JSON list a line."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        spelt: Callable[[str], str] = lambda question: question,
    ) -> None:
        self._spelt = spelt
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **environment},
            text=True,
            encoding="utf-8",
        )
        self._next_json()

    def ask(self, question: str) -> Sequence[str]:
        assert self._process.stdin is not None
        self._process.stdin.write(self._spelt(question).replace("\n", " ") + "\n")
        self._process.stdin.flush()
        return [str(each) for each in self._next_json()]

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _next_json(self) -> list[object]:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            # Libraries print warnings of their own between the answers.
            with contextlib.suppress(ValueError):
                return list(json.loads(line))
        raise PeerError("it ended while it was asked")


@dataclass
class Fidx(Peer):
    """fmdidx from PyPI: ONNX models by fastembed, FTS5 and sqlite-vec."""

    program: str
    name = "fidx"
    how = "fmdidx, hybrid, its e5-768 profile; downloads its ONNX model, takes no GGUF"

    def index_bytes(self) -> int:
        return (self.base / "index.db").stat().st_size

    def index(self) -> Run:
        self._run("collection", "add", str(self.docs), "--name", "en")
        return self.update()

    def update(self) -> Run:
        return self._run("index", "--profile", "e5-768")

    def ask(self, question: str) -> tuple[Run, Sequence[str]]:
        done = self._run("search", "--files", "-n", _RESULTS, "--no-daemon", "--", question)
        return done, done.output.splitlines()

    def _run(self, *arguments: str) -> Run:
        environment = {"FIDX_DB": str(self.base / "index.db"), "XDG_CACHE_HOME": str(self.base)}
        return run((self.program, *arguments), environment)


def _plain(question: str) -> str:
    """As a judged question, so that no word of it is taken for an operator."""
    return re.sub(r'[":\-]', " ", question)


def _said(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout + done.stderr


def _last_word(*command: str) -> str:
    lines = _said(*command).splitlines()
    return lines[0].split()[1] if lines else ""
