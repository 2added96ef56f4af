"""Fetch a file over HTTP that may break off at any time, from the first of several places that gives it whole.

What has arrived is kept in a `.part` beside the target and continued by a Range request; a server that ignores Range,
has another file by now, or has nothing more to give, is started over. A file counts only when its length and hash are
the expected ones, and is moved into place at once. Proxies come from the environment, as urllib reads them. Only http
and https are spoken, also after a redirect. A thread reads the network, so that the caller can stop within a fraction
of a second whatever the network does; only the caller's thread writes to the disk.
"""

import contextlib
import email.message
import hashlib
import http.client
import json
import logging
import os
import queue
import socket
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from lama_desktop import __version__
from lama_desktop.errors import CorruptWeightsError, DownloadError
from lama_desktop.models import disk
from lama_desktop.models.cards import Download
from lama_desktop.progress import Progress

logger = logging.getLogger(__name__)

OFFLINE = "LAMA_DESKTOP_OFFLINE"
CHUNK = 256 << 10
TICK = 0.2  # seconds between looks at the progress handle
MOST = 8 << 30  # bytes; no weight file of unknown size is larger

Check = Callable[[Path], None]


@dataclass(frozen=True)
class Patience:
    """How long to try: `stall` seconds without a byte, `tries` of an address without progress, the first `pause`."""

    stall: float = 30.0
    tries: int = 4
    pause: float = 1.0


class _FailedError(Exception):
    """One try came to nothing; `final` says that this address will not do better."""

    def __init__(self, reason: str, final: bool = False) -> None:
        super().__init__(reason)
        self.final = final


def offline() -> bool:
    """Return whether the environment forbids the network."""
    return os.environ.get(OFFLINE, "").strip().lower() not in {"", "0", "no", "false"}


def fetch(
    sources: Sequence[Download],
    target: Path,
    progress: Progress | None = None,
    *,
    title: str = "",
    check: Check | None = None,
    forbid: bool = False,
    patience: Patience | None = None,
) -> Download:
    """Fetch a file from the first source that gives it whole, and return that source.

    Args:
        sources: the same thing in several places, best first; each has its own expected size and hash.
        target: where the file goes, whole, or not at all.
        progress: told the fraction and the speed about five times a second; each is a cancel point.
        title: what messages call it; the target's name where absent.
        check: called with the complete file before it is moved; a ModelError from it makes the next source's turn.
        forbid: refuse to use the network, as the environment variable LAMA_DESKTOP_OFFLINE=1 does.
        patience: when to give up.

    Raises:
        DownloadError: offline, or no source gave the file; the text lists what each of them did.
        ModelError: the disk has no room for it.
        Cancelled: the user stopped it; what has arrived is kept.
    """
    title = title or target.name
    if forbid or offline():
        raise DownloadError(
            f"{title} is not on this disk and downloads are switched off: go online, "
            "or fetch the file elsewhere and use `lama-desktop models import FILE`."
        )
    progress, patience = progress or Progress(), patience or Patience()
    reasons: dict[str, None] = {}
    for source in sources:
        part = target.with_name(f"{target.name}.{_key(source)}.part")
        try:
            with disk.locked(part.with_suffix(".lock"), wait=False) as mine:
                if not mine:
                    raise DownloadError(f"{title} is being downloaded already: wait for that to finish.")
                _fetch_one(source, part, progress, patience)
                if check is not None:
                    _examine(part, check)
                part.replace(target)
            forget(target)
            return source
        except _FailedError as error:
            logger.info("%s: %s", source.url, error)
            reasons[f"{_host(source.url)} ({str(error).rstrip('.')})"] = None
        except OSError as error:
            raise DownloadError(
                f"{title} cannot be written to {disk.shown(target.parent)}: {disk.refusal(error)}."
            ) from error
        if not part.exists():
            forget(part.with_suffix(""))
    raise DownloadError(
        f"{title} could not be downloaded. Tried: {', '.join(reasons)}. "
        "Try again later, or fetch the file elsewhere and use `lama-desktop models import FILE`."
    )


def forget(target: Path) -> None:
    """Remove what interrupted downloads of `target` left behind: the parts, and the notes and locks beside them."""
    for kind in ("part", "lock", "json"):
        for path in target.parent.glob(f"{target.name}.*{kind}"):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)


def _host(url: str) -> str:
    """Return what messages call an address: its host and file, for full ones are longer than a line."""
    parts = url.split("/")
    return f"{parts[2]}: {parts[-1]}" if len(parts) > 3 else url


def _key(source: Download) -> str:
    """Return what names a part: sources of the same bytes continue each other's."""
    return (source.sha256 or hashlib.sha256(source.url.encode()).hexdigest())[:12]


def _fetch_one(source: Download, part: Path, progress: Progress, patience: Patience) -> None:
    """Try one address until the part is whole and as expected, or it gives no more."""
    if not source.url.lower().startswith(("http://", "https://")):
        raise _FailedError("only http and https addresses are fetched", final=True)
    failures, found = 0, _length(part)
    while True:
        before = _length(part)
        try:
            _attempt(source, part, progress, patience)
            _verify(source, part, progress)
            return
        except _FailedError as error:
            stale, found = bool(found) and not _length(part), 0  # what an earlier run had left was of another file
            failures = 0 if _length(part) > before or stale else failures + 1
            if (error.final and not stale) or failures >= patience.tries:
                raise
            logger.info("%s: %s, trying again", source.url, error)
        wait = time.monotonic() + min(patience.pause * 2 ** max(failures - 1, 0), 30)
        while time.monotonic() < wait:
            progress(_length(part) / source.size if source.size else 0.0, "The connection broke off, trying again")
            time.sleep(min(TICK, patience.pause))


def _attempt(source: Download, part: Path, progress: Progress, patience: Patience) -> None:
    """Make one request and append what it gives; raise `_FailedError` unless the part is whole afterwards."""
    start = _length(part)
    if source.size is not None and start >= source.size:
        if start == source.size:
            return
        part.unlink()
        start = 0
    headers = {"User-Agent": f"lama-desktop/{__version__}", "Accept-Encoding": "identity"}
    if start:
        tag = _tag(source, part)
        if tag is None and source.sha256 is None:
            part.unlink()  # nothing tells whether it is still the same file
            start = 0
        else:
            headers["Range"] = f"bytes={start}-"
            if tag:
                headers["If-Range"] = tag
    stream = _Stream(source.url, headers, patience.stall)
    try:
        status, answer = stream.head(progress)
        if status == 416 and start:
            if (answer.get("Content-Range") or "").endswith(f"/{start}") and source.size is None:
                return  # the last try had got it all
            part.unlink()
            raise _FailedError("the server has another file than before")
        if status not in {200, 206}:
            raise _FailedError(f"the server answered {status}", final=status not in {408, 425, 429} and status < 500)
        if answer.get("Content-Encoding", "identity") != "identity":
            raise _FailedError("the server packs what it sends", final=True)
        start = start if status == 206 and _begins(answer, start) else 0
        if status == 206 and start == 0 and "Range" in headers:
            part.unlink(missing_ok=True)
            raise _FailedError("the server sent another piece than asked")
        total = _total(answer, start)
        if source.size is not None and total is not None and total != source.size:
            raise _FailedError(f"the server has {total} bytes instead of {source.size}", final=True)
        total = total if total is not None else source.size
        disk.require_space(part.parent, (total or 0) - start)
        _remember(source, part, answer)
        with part.open("r+b" if start else "wb") as file:
            file.seek(start)
            file.truncate()
            done = _copy(stream, file, start, total, progress, patience)
    finally:
        stream.close()
    if total is not None and done < total:
        raise _FailedError(f"the connection broke off after {done} of {total} bytes")


def _copy(
    stream: "_Stream", file: IO[bytes], start: int, total: int | None, progress: Progress, patience: Patience
) -> int:
    """Write what arrives; return the length of the file. `_FailedError` where it stalls or breaks off."""
    done, begun, told = start, time.monotonic(), 0.0
    while block := stream.block(progress, done / total if total else 0.0):
        done += len(block)
        if done > (total if total is not None else MOST):
            raise _FailedError("the server sends more than it should", final=True)
        file.write(block)
        if (now := time.monotonic()) - told > TICK:
            told, speed = now, int((done - start) / max(now - begun, 0.1))
            of = f" of {disk.megabytes(total)}" if total else ""
            progress(
                done / total if total else 0.0, f"Downloading {disk.megabytes(done)}{of}, {disk.megabytes(speed)}/s"
            )
    return done


class _Stream:
    """An HTTP answer that a thread reads; the caller takes it in pieces and never waits longer than a tick."""

    def __init__(self, url: str, headers: dict[str, str], stall: float) -> None:
        self._stall = stall
        self._stopped = threading.Event()
        self._queue: queue.Queue[tuple[int, email.message.Message] | bytes | Exception] = queue.Queue(16)
        threading.Thread(target=self._run, args=(url, headers), name="download", daemon=True).start()

    def head(self, progress: Progress) -> tuple[int, email.message.Message]:
        """Return the status and the headers."""
        item = self._next(progress, 0.0)
        assert isinstance(item, tuple)
        return item

    def block(self, progress: Progress, fraction: float) -> bytes:
        """Return the next bytes; none at the end."""
        item = self._next(progress, fraction)
        assert isinstance(item, bytes)
        return item

    def close(self) -> None:
        """Let the thread end; what it still reads is dropped."""
        self._stopped.set()

    def _next(self, progress: Progress, fraction: float) -> tuple[int, email.message.Message] | bytes:
        until = time.monotonic() + self._stall
        while True:
            try:
                item = self._queue.get(timeout=TICK)
            except queue.Empty:
                progress(fraction)
                if time.monotonic() > until:
                    raise _FailedError(f"nothing arrived for {self._stall:.0f} seconds") from None
                continue
            if isinstance(item, Exception):
                raise _FailedError(_reason(item), final=_hopeless(item)) from item
            return item

    def _run(self, url: str, headers: dict[str, str]) -> None:
        try:
            request = urllib.request.Request(url, headers=headers)
            opener = urllib.request.build_opener(_Redirects())
            try:
                answer = opener.open(request, timeout=self._stall)
            except urllib.error.HTTPError as error:
                with error:
                    self._put((error.code, error.headers))
                return
            with answer:
                self._put((answer.status, answer.headers))
                while not self._stopped.is_set():
                    block = answer.read1(CHUNK)
                    self._put(block)
                    if not block:
                        return
        except (OSError, http.client.HTTPException, ValueError, _RefusedError) as error:
            self._put(error)

    def _put(self, item: tuple[int, email.message.Message] | bytes | Exception) -> None:
        while not self._stopped.is_set():
            try:
                self._queue.put(item, timeout=TICK)
                return
            except queue.Full:
                continue


class _RefusedError(Exception):
    """A redirect leads where the program does not go."""


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follow redirects to http and https only, and never from https to http."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        scheme = urlsplit(newurl).scheme
        if scheme not in {"http", "https"} or (urlsplit(req.full_url).scheme == "https" and scheme != "https"):
            raise _RefusedError(f"it redirects to {newurl[:100]}, which is not safe")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _examine(part: Path, check: Check) -> None:
    """Let the caller look at the file; what it finds corrupt is deleted and the next source's turn."""
    try:
        check(part)
    except CorruptWeightsError as error:
        part.unlink(missing_ok=True)
        raise _FailedError(str(error), final=True) from error


def _verify(source: Download, part: Path, progress: Progress) -> None:
    """Compare length and hash with the expected ones; what differs is deleted."""
    kind, wanted = ("sha256", source.sha256) if source.sha256 else ("md5", source.md5)
    length = _length(part)
    if (source.size is not None and length != source.size) or length == 0:
        part.unlink(missing_ok=True)
        raise _FailedError(f"the file has {length} bytes instead of {source.size or 'more'}")
    if wanted is None:
        logger.warning("%s: nobody has published a hash of this file, it could not be compared", source.url)
    elif disk.digest(part, progress.stage(1.0, 1.0), kind) != wanted:
        part.unlink()
        raise _FailedError("the file is not the one expected (its hash differs)", final=True)


def _length(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _begins(answer: email.message.Message, start: int) -> bool:
    """Return whether a partial answer continues where the part ends."""
    return (answer.get("Content-Range") or "").strip().startswith(f"bytes {start}-")


def _total(answer: email.message.Message, start: int) -> int | None:
    """Return the length of the whole file, where the answer says it."""
    length = answer.get("Content-Length", "")
    return start + int(length) if length.isdecimal() else None


def _tag(source: Download, part: Path) -> str | None:
    """Return the strong validator that this address gave with the part; None where it gave none."""
    try:
        note = json.loads(part.with_suffix(".json").read_text(encoding="utf-8"))
        return str(note["tag"]) if note["url"] == source.url and note["tag"] else None
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _remember(source: Download, part: Path, answer: email.message.Message) -> None:
    tag = answer.get("ETag", "")
    note = {"url": source.url, "tag": tag if tag.startswith('"') else answer.get("Last-Modified", "")}
    part.with_suffix(".json").write_text(json.dumps(note), encoding="utf-8")


def _hopeless(error: Exception) -> bool:
    """Return whether another try at the same address is no use: it does not exist, or is not what it says."""
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    return isinstance(cause, _RefusedError | socket.gaierror | ssl.SSLCertVerificationError)


def _reason(error: Exception) -> str:
    """Return what went wrong on the network, in a few words."""
    cause = error.reason if isinstance(error, urllib.error.URLError) and not isinstance(error.reason, str) else error
    return str(getattr(cause, "strerror", None) or cause or type(cause).__name__).rstrip(".")[:150]
