"""The part of a download that survives a crash; and reading a file from an untrusted .tar.gz.

Only the content of the one wanted member is ever written, and to a place of our choosing: names,
links, devices and modes in the archive lead nowhere. What it costs is bounded: bytes unpacked in
all, members passed over, and the headers that tarfile would hold in memory.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import struct
import tarfile
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, BinaryIO

from mcuzoo.errors import FetchError
from mcuzoo.locking import lock
from mcuzoo.quoting import printable
from mcuzoo.untrusted import parse_json, read_text
from mcuzoo.zoo.find import cache_hint

MAX_UNPACKED_BYTES = 2 << 30
MAX_MEMBERS = 4096
MAX_HEADER_BYTES = 1 << 16
GZIP_MARK = b"\x1f\x8b"

_CHUNK = 1 << 16
_EXTENSIONS = frozenset(
    (
        *(tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE),
        *(tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK),
    )
)
_DAMAGE = (
    *(tarfile.TarError, zlib.error, struct.error, EOFError, OSError, ValueError),
    *(IndexError, KeyError, OverflowError, RecursionError),
)


def extract_member(archive: Path, member: str, target: IO[bytes], max_bytes: int) -> int:
    """Write the regular file named `member`, in whatever folder of the archive, to `target`.

    Returns its size. Raises FetchError when the archive is damaged, holds no such file or a link
    in its place, or unpacks to more than it may.
    """
    try:
        with archive.open("rb") as raw, gzip.GzipFile(fileobj=raw) as unpacked:
            bounded: IO[bytes] = io.BufferedReader(_Bounded(unpacked, archive))
            with tarfile.open(None, "r|", bounded, tarinfo=_BoundedHeader) as tar:
                for count, info in enumerate(tar):
                    if count >= MAX_MEMBERS:
                        raise _hostile(archive, f"it has more than {MAX_MEMBERS} members")
                    if PurePosixPath(info.name).name == member:
                        size = _copy(tar, info, archive, target, max_bytes)
                        # gzip's checksum is at the end, so a truncated archive is found only there.
                        while bounded.read(_CHUNK):
                            pass
                        return size
    except _DAMAGE as error:
        raise FetchError(
            f"The archive {archive.name} is damaged: {_plain(error)}.", "Fetch it again."
        ) from error
    raise FetchError(
        f"The archive {archive.name} holds no file {member}.", "It is not the right archive."
    )


def _copy(
    tar: tarfile.TarFile, info: tarfile.TarInfo, archive: Path, target: IO[bytes], max_bytes: int
) -> int:
    content = tar.extractfile(info) if info.isreg() else None
    if content is None:
        raise _hostile(archive, f"{info.name!r} in it is a link or no file")
    if info.size > max_bytes:
        raise _hostile(archive, f"{info.name!r} in it has {info.size:,} bytes")
    done = 0
    while chunk := content.read(_CHUNK):
        done += len(chunk)
        target.write(chunk)
    if done != info.size:
        raise EOFError(f"{info.name!r} ends early")
    return done


class _BoundedHeader(tarfile.TarInfo):
    """Refuses headers that tarfile would read into memory as a whole, of whatever size."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> _BoundedHeader:
        header = super().frombuf(buf, encoding, errors)
        if header.type in _EXTENSIONS and header.size > MAX_HEADER_BYTES:
            raise tarfile.ReadError(f"a header of {header.size:,} bytes")
        if header.type == tarfile.GNUTYPE_SPARSE:
            raise tarfile.ReadError("a sparse file")
        if header.size < 0:
            raise tarfile.ReadError("a negative size")
        return header


class _Bounded(io.RawIOBase):
    """A stream that ends in an error after MAX_UNPACKED_BYTES."""

    def __init__(self, stream: gzip.GzipFile, archive: Path) -> None:
        self._stream = stream
        self._archive = archive
        self._left = MAX_UNPACKED_BYTES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        chunk = self._stream.read(min(len(buffer), _CHUNK))
        self._left -= len(chunk)
        if self._left < 0:
            raise _hostile(self._archive, f"it unpacks to more than {MAX_UNPACKED_BYTES:,} bytes")
        buffer[: len(chunk)] = chunk
        return len(chunk)


def _hostile(archive: Path, what: str) -> FetchError:
    return FetchError(f"The archive {archive.name} is refused: {what}.", "Do not use it.")


def _plain(error: BaseException) -> str:
    return printable(str(error) or type(error).__name__, 200)


@dataclass(frozen=True)
class Origin:
    """validator: the server's ETag or date, by which it tells whether the file is still the same.

    total: the size that it announced, in bytes. url: what the rest is read from.
    """

    url: str
    validator: str | None
    total: int | None


class Partial:
    """The file `path`, locked while this is open, and `path`.json with its Origin.

    Raises FetchError when another process is downloading it or the folder cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._unwanted = False
        self._note = path.with_name(path.name + ".json")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: BinaryIO = path.open("a+b")
        except OSError as error:
            raise FetchError(
                f"{path} cannot be written: {error.strerror}.",
                cache_hint(),
            ) from error
        try:
            lock(self._file)
        except OSError as error:
            self._file.close()
            raise FetchError(
                f"Another mcuzoo process is downloading {path.name}.", "Wait for it."
            ) from error

    def __enter__(self) -> Partial:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        if self._unwanted:
            self.path.unlink(missing_ok=True)

    @property
    def size(self) -> int:
        return self._file.seek(0, 2)

    def origin(self) -> Origin | None:
        """The origin of the bytes; None if there are none or it is not known."""
        if self.size == 0:
            return None
        try:
            raw = parse_json(read_text(self._note))
            url, validator, total = raw["url"], raw["validator"], raw["total"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if not isinstance(url, str) or not isinstance(validator, str | None):
            return None
        return Origin(url, validator, total if isinstance(total, int) else None)

    def start(self, origin: Origin) -> None:
        """Drop the bytes; the next bytes are the start of `origin`."""
        self._file.truncate(0)
        self._note.write_text(json.dumps(asdict(origin)), encoding="utf-8")

    def append(self, chunk: bytes) -> None:
        self._file.write(chunk)

    def flush(self) -> None:
        self._file.flush()

    def sha256(self) -> str:
        """SHA-256 of all received bytes."""
        self._file.flush()
        self._file.seek(0)
        digest = hashlib.sha256()
        while chunk := self._file.read(1 << 20):
            digest.update(chunk)
        return digest.hexdigest()

    def clear(self) -> None:
        """Drop the bytes and their origin."""
        self._file.truncate(0)
        self._note.unlink(missing_ok=True)

    def remove(self) -> None:
        """Drop the bytes now, and delete the file when this is closed."""
        self.clear()
        self._unwanted = True
