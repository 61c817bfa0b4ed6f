"""Converters that do what none may; the converting process meets them as installed plugins."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from converters.collecting import OUT_OF_TIME
from localsearch.types import Block, ConversionContext, Document, Source


class _Faulty:
    version = 1
    filenames: frozenset[str] = frozenset()

    def __init__(self) -> None:
        self.name = type(self).__name__.lower()
        self.suffixes = frozenset((f".{self.name}",))

    def convert(self, source: Source, context: ConversionContext) -> Iterator[Document]:
        yield Document((Block(self.misbehave(source)),))

    def misbehave(self, source: Source) -> str:
        raise NotImplementedError


class Loop(_Faulty):
    def misbehave(self, source: Source) -> str:
        while True:
            pass


class Hoard(_Faulty):
    def misbehave(self, source: Source) -> str:
        kept = []
        while True:
            kept.append(b"x" * 10_000_000)


class Abort(_Faulty):
    def misbehave(self, source: Source) -> str:
        os.abort()


class Leave(_Faulty):
    def misbehave(self, source: Source) -> str:
        os._exit(3)


class Connect(_Faulty):
    def misbehave(self, source: Source) -> str:
        socket.create_connection(("127.0.0.1", int(_text(source))), timeout=5).close()
        return "connected"


class NativeSocket(_Faulty):
    """Past Python, as an attacker in a library's C code would."""

    def misbehave(self, source: Source) -> str:
        made = ctypes.CDLL(None, use_errno=True).socket(2, 1, 0)
        return f"made {made} errno {ctypes.get_errno()}"


class NativeWrite(_Faulty):
    def misbehave(self, source: Source) -> str:
        library = ctypes.CDLL(None, use_errno=True)
        made = library.open(os.fsencode(_text(source)), os.O_WRONLY | os.O_CREAT, 0o600)
        return f"made {made} errno {ctypes.get_errno()}"


class NativeFork(_Faulty):
    def misbehave(self, source: Source) -> str:
        made = ctypes.CDLL(None, use_errno=True).fork()
        return f"made {made} errno {ctypes.get_errno()}"


class NativeSignal(_Faulty):
    """Sends nothing, asks whether it could: to the program that started this."""

    def misbehave(self, source: Source) -> str:
        library = ctypes.CDLL(None, use_errno=True)
        parent = os.getppid()
        sent = library.tgkill(parent, parent, 0)
        return f"made {sent} errno {ctypes.get_errno()}"


class NativeLimits(_Faulty):
    """Not even to what they are: who may do that may raise them, where the user is root."""

    def misbehave(self, source: Source) -> str:
        import resource

        library = ctypes.CDLL(None, use_errno=True)
        limits = (ctypes.c_ulong * 2)(*resource.getrlimit(resource.RLIMIT_NOFILE))
        made = library.setrlimit(resource.RLIMIT_NOFILE, limits)
        return f"made {made} errno {ctypes.get_errno()}"


class Xcpu(_Faulty):
    """As the system ends it, when its processor time is used up."""

    def misbehave(self, source: Source) -> str:
        signal.raise_signal(signal.SIGXCPU)
        return "still there"


class Spawn(_Faulty):
    def misbehave(self, source: Source) -> str:
        return subprocess.run(
            [sys.executable, "-c", "print('spawned')"], capture_output=True, text=True, check=True
        ).stdout


class Recognise(_Faulty):
    """What OCR does, which is no fault where it's wanted."""

    def misbehave(self, source: Source) -> str:
        return subprocess.run(
            ["tesseract", "stdin", "stdout"], input=b"x", capture_output=True, check=True
        ).stdout.decode()


class Write(_Faulty):
    def misbehave(self, source: Source) -> str:
        with open(_text(source), "w", encoding="utf-8") as file:
            file.write("written")
        return "written"


class Delete(_Faulty):
    def misbehave(self, source: Source) -> str:
        os.remove(_text(source))
        return "deleted"


class Gigabytes(_Faulty):
    def convert(self, source: Source, context: ConversionContext) -> Iterator[Document]:
        while True:
            yield Document((Block("x" * 100_000_000),))


class Headings(_Faulty):
    """Few characters of text, and far more around them."""

    def convert(self, source: Source, context: ConversionContext) -> Iterator[Document]:
        notes = tuple("y" * 1_000_000 for _ in range(200))
        yield Document((Block("short"),), notes=notes)


class Chatter(_Faulty):
    def misbehave(self, source: Source) -> str:
        sys.stdout.write("chatter " * 10_000)
        os.write(1, b"\0" * 100_000)
        sys.stderr.write("chatter")
        return f"read {sys.stdin.read()!r}"


class Recurse(_Faulty):
    def misbehave(self, source: Source) -> str:
        return self.misbehave(source)


class Secrets(_Faulty):
    def misbehave(self, source: Source) -> str:
        return " ".join(sorted(os.environ))


class Pid(_Faulty):
    def misbehave(self, source: Source) -> str:
        return str(os.getpid())


class Count(_Faulty):
    """How many files this process was asked for that end like this one."""

    def __init__(self) -> None:
        super().__init__()
        self._read = 0

    def misbehave(self, source: Source) -> str:
        self._read += 1
        return f"{self._read} {_text(source)}"


class Await(_Faulty):
    """Goes on once there's the file that its text names; meanwhile its own is open."""

    def misbehave(self, source: Source) -> str:
        wanted = _text(source)
        with source.open():
            while not os.path.exists(wanted):
                time.sleep(0.01)
        return "read"


class Punctual(_Faulty):
    """As `Await`, and stops with what it has when its time is up, as all should."""

    def convert(self, source: Source, context: ConversionContext) -> Iterator[Document]:
        wanted = _text(source)
        with source.open():
            while time.monotonic() < context.deadline_s:
                if os.path.exists(wanted):
                    yield Document((Block("read"),))
                    return
                time.sleep(0.01)
        yield Document((Block("begun"),), notes=(OUT_OF_TIME,))


class Grow(_Faulty):
    def misbehave(self, source: Source) -> str:
        del source
        return str(os.getpid() if b"x" * 600_000_000 else 0)


def _text(source: Source) -> str:
    with source.open() as file:
        return file.read().decode()


ALL = tuple(each.__name__ for each in _Faulty.__subclasses__())


def install(site: Path) -> Path:
    """Have them found as installed ones are, by a package's entry points; gives its folder."""
    package = site / "faulty-1.dist-info"
    package.mkdir(parents=True)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: faulty\nVersion: 1\n")
    points = (f"{name.lower()} = tests.converters.faulty:{name}" for name in ALL)
    (package / "entry_points.txt").write_text("\n".join(("[localsearch.converters]", *points)))
    return site
