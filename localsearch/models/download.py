"""The one module that talks to the network: what a hub says of a file, and the file's bytes.

huggingface_hub does the talking, for both hubs: proxies, certificates, redirects, retries and
ranges. Nothing is sent but the request for a public file: telemetry is off, and of tokens only an
`HF_TOKEN` that the user has set is sent, to the Hugging Face endpoint alone.
"""

from __future__ import annotations

import logging
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from localsearch.models.catalogue import CatalogueEntry
from localsearch.models.installed import ByteProgress
from localsearch.models.placing import writing_failed
from localsearch.types import CancelledError, ModelError

if TYPE_CHECKING:
    from typing import BinaryIO

GGUF_MAGIC = b"GGUF"
# huggingface_hub hands over 10 MB at a time, which on a slow line is a minute without progress or
# a way to stop, and lost when the line breaks.
_BLOCK_BYTES = 1 << 16
_SHA256 = re.compile(r"[0-9a-f]{64}")
_METADATA_TIMEOUT_S = 20
# huggingface_hub reads these when it's imported, which happens below and nowhere else.
_QUIET = {
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_XET": "1",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
    "HF_HUB_DISABLE_UPDATE_CHECK": "1",
}


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file on a hub as the hub itself describes it; `source` is the hub's name for people."""

    source: str
    url: str
    size: int
    sha256: str
    with_token: bool = False


class SourceError(ModelError):
    """This source can't give the file now; another one may."""


class WrongContentError(SourceError):
    """What came isn't the file that the hub described; what was kept of it is of no use."""


def describe_on_hugging_face(entry: CatalogueEntry) -> RemoteFile:
    """What Hugging Face, or the mirror that HF_ENDPOINT names, says of the entry's file.

    The LFS metadata of a `HEAD` on the file: `X-Linked-Size`, and `X-Linked-ETag` holding its
    SHA-256. Raises SourceError.
    """
    endpoint = os.environ.get("HF_ENDPOINT", "").rstrip("/") or "https://huggingface.co"
    source = f"Hugging Face ({endpoint})"
    with _speaking_with(source):
        from huggingface_hub.file_download import get_hf_file_metadata, hf_hub_url

        url = hf_hub_url(entry.hub_repo, entry.hub_file, endpoint=endpoint)
        metadata = get_hf_file_metadata(
            url, timeout=_METADATA_TIMEOUT_S, headers=_headers(with_token=True), token=False
        )
    return _checked(source, url, metadata.size, metadata.etag, with_token=True)


def describe_on_modelscope(entry: CatalogueEntry) -> RemoteFile:
    """What ModelScope's list of the repository says of the entry's file; raises SourceError.

    MODELSCOPE_DOMAIN names another host, as for ModelScope's own client.
    """
    domain = os.environ.get("MODELSCOPE_DOMAIN", "").rstrip("/") or "www.modelscope.cn"
    endpoint = domain if "://" in domain else f"https://{domain}"
    source = f"ModelScope ({endpoint})"
    with _speaking_with(source):
        from huggingface_hub import get_session

        response = get_session().get(
            f"{endpoint}/api/v1/models/{entry.modelscope_repo}/repo/files",
            params={"Revision": "master", "Recursive": "true"},
            headers=_headers(with_token=False),
            timeout=_METADATA_TIMEOUT_S,
        )
        response.raise_for_status()
        listed = _find_listed(response.json(), entry.hub_file)
    url = f"{endpoint}/models/{entry.modelscope_repo}/resolve/master/{quote(entry.hub_file)}"
    return _checked(source, url, listed.get("Size"), listed.get("Sha256"), with_token=False)


def fetch(
    remote: RemoteFile,
    partial: Path,
    *,
    progress: ByteProgress | None = None,
    cancel: threading.Event | None = None,
) -> None:
    """Bring `partial` to the size of the remote file, going on from what it holds already.

    A connection that breaks or stalls is taken up again (huggingface_hub's five tries without a
    byte). What arrived stays in `partial` whatever happens, unless it can't be part of a GGUF file.
    Raises SourceError, WrongContentError, CancelledError, and ModelError when the disk is full.
    """
    with partial.open("r+b" if partial.exists() else "w+b") as stream:
        have = stream.seek(0, os.SEEK_END)
        if have > remote.size:
            have = stream.seek(0)
            stream.truncate()
        writer = _Writer(stream, remote, progress, cancel)
        writer.report()
        with _speaking_with(remote.source, partial):
            from huggingface_hub.file_download import http_get

            http_get(
                remote.url,
                writer,  # type: ignore[arg-type]  # it calls write, tell, seek and truncate
                resume_size=have,
                headers=_headers(with_token=remote.with_token),
                expected_size=remote.size,
            )


class _Writer:
    """The file as huggingface_hub writes to it: reports, can be cancelled, refuses web pages."""

    def __init__(
        self,
        stream: BinaryIO,
        remote: RemoteFile,
        progress: ByteProgress | None,
        cancel: threading.Event | None,
    ) -> None:
        self._stream = stream
        self._remote = remote
        self._progress = progress
        self._cancel = cancel
        self._starts_over = False

    def write(self, block: bytes) -> int:
        if self._cancel is not None and self._cancel.is_set():
            raise CancelledError
        position = self._stream.tell()
        if position == 0 and not block.startswith(GGUF_MAGIC[: len(block)]):
            raise SourceError(
                f"{self._remote.source} sent something that isn't a model, {_looks_like(block)}"
            )
        if position + len(block) > self._remote.size:
            raise WrongContentError(f"{self._remote.source} sent more bytes than it announced")
        if self._starts_over:
            self._stream.truncate()
            self._starts_over = False
        written = self._stream.write(block)
        self.report()
        return written

    def report(self) -> None:
        if self._progress is not None:
            self._progress(self._stream.tell(), self._remote.size)

    def tell(self) -> int:
        return self._stream.tell()

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._stream.seek(offset, whence)

    def truncate(self) -> int:
        # Asked for when a range is answered with a whole file, which may be a login page: what has
        # arrived goes only when the first bytes of a model are here to take its place.
        self._starts_over = True
        return self._stream.tell()


@contextmanager
def _speaking_with(source: str, writing_to: Path | None = None) -> Iterator[None]:
    """Prepare huggingface_hub, and turn what goes wrong with a source into a SourceError."""
    os.environ.update(_QUIET)
    import httpx2
    from huggingface_hub import constants
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    constants.DOWNLOAD_CHUNK_SIZE = _BLOCK_BYTES
    try:
        yield
    except OfflineModeIsEnabled as error:
        raise SourceError(f"{source}: HF_HUB_OFFLINE is set, which forbids downloads") from error
    except (HfHubHTTPError, httpx2.HTTPStatusError) as error:
        raise SourceError(f"{source} answered {_status(error.response.status_code)}") from error
    except httpx2.TimeoutException as error:
        raise SourceError(f"{source} stopped answering") from error
    except httpx2.ConnectError as error:
        raise SourceError(f"{source} can't be reached: {error}") from error
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise SourceError(f"the connection to {source} failed: {error}") from error
    except OSError as error:
        if error.errno is not None and writing_to is not None:
            raise writing_failed(writing_to, error) from error
        # huggingface_hub's own check of the length is an OSError without a number.
        raise SourceError(f"{source} sent fewer or more bytes than it announced") from error
    except ValueError as error:
        raise SourceError(f"{source} gave an answer that can't be understood") from error


def _headers(*, with_token: bool) -> dict[str, str]:
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

    from localsearch import __version__

    token = os.environ.get("HF_TOKEN") or False
    return build_hf_headers(
        token=token if with_token else False,
        library_name="localsearch",
        library_version=__version__,
    )


def _find_listed(answer: Any, file: str) -> dict[str, Any]:
    try:
        return next(dict(row) for row in answer["Data"]["Files"] if row["Path"] == file)
    except (KeyError, TypeError, StopIteration) as error:
        raise ValueError(f"{file} isn't in the list") from error


def _checked(
    source: str, url: str, size: object, sha256: object, *, with_token: bool
) -> RemoteFile:
    if not isinstance(size, int) or size <= 0 or not _SHA256.fullmatch(str(sha256).lower()):
        raise SourceError(
            f"{source} doesn't say the file's size and SHA-256; perhaps a proxy answered for it"
        )
    return RemoteFile(source, url, size, str(sha256).lower(), with_token)


def _status(code: int) -> str:
    from http import HTTPStatus

    known = {status.value: status.phrase for status in HTTPStatus}
    return f"{code} {known.get(code, '')}".strip()


def _looks_like(block: bytes) -> str:
    start = block[:512].lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        return "but a web page: perhaps a proxy or a login page answered for it"
    return "but something else"
