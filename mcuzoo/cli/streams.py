"""stdout and stderr that never raise on a character, and know when nobody reads them any more.

Rich and click have answers of their own to a broken pipe (SystemExit(1), /dev/null in place of
stdout), which hide what broke. So it is noted where it happens, in the write to the descriptor.
"""

from __future__ import annotations

import errno
import io
import sys
from typing import IO, Any, cast

_GONE = {errno.EPIPE, errno.EINVAL} if sys.platform == "win32" else {errno.EPIPE}


class Sink(io.FileIO):
    """The raw stdout or stderr of this process. After its first failure it swallows everything.

    gone: the reader has closed its end. failure: another reason why nothing can be written.
    """

    def __init__(self, descriptor: int, name: str, quiet: bool) -> None:
        super().__init__(descriptor, "wb", closefd=False)
        self.gone = False
        self.failure: OSError | None = None
        self._label = name
        self._quiet = quiet
        self._untold = b""

    def write(self, data: Any, /) -> int:
        """As FileIO.write. Raises OSError that names the stream, once; never when quiet."""
        size = memoryview(data).nbytes
        if self.gone or self.failure is not None:
            return size
        untold, self._untold = self._untold, b""
        if untold and bytes(data[: len(untold)]) == untold:
            return len(untold)
        # Ctrl-C comes between two instructions of Python: also after the bytes went out, when
        # nobody has been told yet how many, so that they would be sent again. extend() is one.
        written: list[int] = []
        try:
            written.extend(map(super().write, [data]))
            return written[0]
        except KeyboardInterrupt:
            self._untold = bytes(data[: written[0]]) if written else b""
            raise
        except OSError as error:
            self.gone = error.errno in _GONE
            if not self.gone:
                self.failure = OSError(error.errno, error.strerror, self._label)
            if self._quiet:
                return size
            raise (error if self.failure is None else self.failure) from None


def prepare() -> Sink | None:
    """Make sys.stdout and sys.stderr of this process robust; the sink of stdout, if it has one."""
    sink = None
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by the caller (`>&-`)
            setattr(sys, name, io.StringIO())
            continue
        # A Windows console is not a file of bytes: leave it as it is.
        if sys.platform == "win32" and stream.isatty():
            stream.reconfigure(errors="backslashreplace")
            continue
        raw = Sink(stream.fileno(), f"<{name}>", quiet=name == "stderr")
        sink = raw if name == "stdout" else sink
        stream.flush()
        # The interpreter refers to the old one as sys.__stdout__, so that it is not closed.
        setattr(sys, name, _text(raw, stream))
    return sink


def _text(raw: Sink, old: io.TextIOWrapper) -> IO[str]:
    return io.TextIOWrapper(
        cast(Any, io.BufferedWriter(raw)),
        encoding=old.encoding,
        errors="backslashreplace",
        newline=None if sys.platform == "win32" else "\n",
        line_buffering=raw.isatty() or raw.fileno() == 2,
        write_through=raw.fileno() == 2,
    )
