"""What has arrived of a download: bytes that outlive a crash, and what they are the start of."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from mcuzoo.errors import FetchError
from mcuzoo.locking import lock
from mcuzoo.untrusted import parse_json, read_text
from mcuzoo.zoo.places import cache_hint


@dataclass(frozen=True)
class Origin:
    """validator: the server's ETag or date, by which it tells whether the file is still the same.

    total: the size that it announced, in bytes.
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
        """What the bytes are the start of; None when there are none or nobody knows."""
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
        """Forget what is there: the bytes to come are the start of `origin`."""
        self._file.truncate(0)
        self._note.write_text(json.dumps(asdict(origin)), encoding="utf-8")

    def append(self, chunk: bytes) -> None:
        self._file.write(chunk)

    def flush(self) -> None:
        self._file.flush()

    def sha256(self) -> str:
        """Of everything that is there."""
        self._file.flush()
        self._file.seek(0)
        digest = hashlib.sha256()
        while chunk := self._file.read(1 << 20):
            digest.update(chunk)
        return digest.hexdigest()

    def clear(self) -> None:
        """Forget the bytes and what they were the start of."""
        self._file.truncate(0)
        self._note.unlink(missing_ok=True)

    def remove(self) -> None:
        """Forget the bytes now and delete the file when this is closed."""
        self.clear()
        self._unwanted = True
