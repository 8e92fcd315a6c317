"""Files that are written: one rule for every output.

A regular file or nothing is replaced whole, by a rename: it has the old content or the new one,
never a part. A link is followed, also one to nothing yet. A FIFO, terminal or device is written to
and stays what it is. A folder is an error.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from mcuzoo.errors import InputError, McuzooError, UsageError, command

_STDOUT = Path("-")
_MAX_LINKS = 40
_DESCRIPTOR = re.compile(r"/(?:dev|proc/(?:self|thread-self|\d+))/fd/(\d{1,9})")
NO_SPACE = frozenset(
    {errno.ENOSPC, errno.EFBIG, *({errno.EDQUOT} if hasattr(errno, "EDQUOT") else ())}
)
# The folder takes no new file, or this file cannot be replaced (it is a mount point).
_NO_RENAME = {errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY, errno.EXDEV}


def write_whole(path: Path, content: bytes) -> None:
    """Write `content` to `path` by the rule above.

    A new file has the mode that the umask leaves; a replaced one keeps mode and owner. If the
    folder takes no new file, an existing file is written in place; only then may a failure leave a
    part of the content. Raises OSError that names `path`.
    """
    with _naming(path):
        target = followed(path)
        mode = _mode(target)
        if mode is None or stat.S_ISREG(mode):
            _replace(target, content)
        elif stat.S_ISDIR(mode):
            raise _system_error(errno.EISDIR)
        else:
            _write_through(target, content)


def write_output(path: Path, content: bytes) -> None:
    """Write a file that the user named, or stdout for `-`. Raises InputError, UsageError."""
    if is_stdout(path):
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    try:
        write_whole(path, content)
    except OSError as error:
        raise cannot_write(path, error) from error


class GrowingOutput:
    """A binary output file of the user, written in pieces and named when it is complete.

    file: seekable. Use as a context manager; without `publish` the file is deleted. Raises
    InputError and UsageError when made and by `publish`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._target = followed(path)
            mode = None if is_stdout(path) else _mode(self._target)
            if mode is not None and stat.S_ISDIR(mode):
                raise _system_error(errno.EISDIR)
            beside = not is_stdout(path) and (mode is None or stat.S_ISREG(mode))
            handle, self._temporary = _beside(self._target) if beside else tempfile.mkstemp()
        except OSError as error:
            raise cannot_write(path, error) from error
        self._beside = beside
        self.file = os.fdopen(handle, "w+b")

    def __enter__(self) -> GrowingOutput:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # what was not published need not be flushed
            self.file.close()
        Path(self._temporary).unlink(missing_ok=True)

    def publish(self) -> None:
        """Give the file its name, or send its content to what has that name."""
        try:
            self.file.close()
            if self._beside:
                _publish(self._temporary, self._target, keep=True)
                return
            content = Path(self._temporary).read_bytes()
        except OSError as error:
            raise cannot_write(self._path, error) from error
        write_output(self._path, content)


@contextmanager
def open_output(path: Path) -> Iterator[TextIO]:
    """A UTF-8 text file that the user named and that is written bit by bit, by the rule above.

    A regular file is replaced at the end of the block. If the block raises, what was written so far
    is kept, as it helps to find the cause; an empty file is not. Raises InputError, UsageError.
    """
    if is_stdout(path):
        yield sys.stdout
        sys.stdout.flush()
        return
    try:
        target = followed(path)
        mode = _mode(target)
        if mode is not None and stat.S_ISDIR(mode):
            raise _system_error(errno.EISDIR)
        replaced = mode is None or stat.S_ISREG(mode)
        handle, temporary = _beside(target) if replaced else (_opened(target), "")
    except OSError as error:
        raise cannot_write(path, error) from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            yield file
    finally:
        if replaced:
            try:
                _publish(temporary, target, keep=Path(temporary).stat().st_size > 0)
            except OSError as error:
                raise cannot_write(path, error) from error


def require_outputs(
    outputs: Mapping[str, Path | None], inputs: Mapping[str, Path | None], as_json: bool = False
) -> bool:
    """Check the output files before the work begins, as far as possible.

    outputs, inputs: paths by the option or argument that names them. Returns whether an output is
    stdout, so that nothing else must be printed there. Raises UsageError for a folder, an input, or
    stdout that is wanted twice; InputError for a file that cannot be there.
    """
    named = {name: path for name, path in outputs.items() if path is not None}
    to_stdout = [name for name, path in named.items() if is_stdout(path)]
    if len(to_stdout) + (as_json and bool(to_stdout)) > 1:
        both = [*to_stdout, *(["--json"] if as_json else [])]
        raise UsageError(
            f"{' and '.join(both)} all want to write to stdout.", f"Give {both[0]} a file's name."
        )
    for name, path in named.items():
        if name in to_stdout:
            continue
        for other, source in inputs.items():
            if source is not None and _same_file(path, source):
                raise UsageError(
                    f"{name}: {path} is what {other} names, which would be overwritten.",
                    "Give what is written another name.",
                )
        try:
            target = followed(path)
            mode = _mode(target)
            if mode is None:
                _require_folder(target)
            elif stat.S_ISDIR(mode):
                raise _system_error(errno.EISDIR)
        except OSError as error:
            raise cannot_write(path, error) from error
    return bool(to_stdout)


def is_stdout(path: Path) -> bool:
    """Whether `path` is `-` or another name of this process's stdout, as /dev/stdout."""
    if path == _STDOUT:
        return True
    try:
        return _descriptor(followed(path)) == 1
    except OSError:
        return False


def followed(path: Path) -> Path:
    """Follow the links of `path` to a target, which may be missing. Raises OSError for a circle.

    A descriptor of this process (/dev/fd/3) is not followed to its open file: that file would be
    replaced while the descriptor still writes to the old one.
    """
    for _ in range(_MAX_LINKS):
        if _descriptor(path) is not None:
            return path
        try:
            path = path.parent / path.readlink()
        except OSError:
            return path
    raise _system_error(errno.ELOOP)


@contextmanager
def making(folder: Path) -> Iterator[None]:
    """Report an OSError in the block about a file at, in or beside `folder` as one about `folder`.

    Use it to make a folder that the user named: the names of scratch files mean nothing to a user.
    """
    try:
        yield
    except OSError as error:
        name = error.filename
        home = folder.absolute().parent
        inside = isinstance(name, str) and Path(name).absolute().is_relative_to(home)
        if inside and error.errno in (errno.EEXIST, errno.ENOTDIR):
            raise no_folder(name) from error
        if inside or (name is None and error.errno in NO_SPACE):
            raise cannot_write(folder, error) from error
        raise


def no_folder(name: str) -> McuzooError:
    """The error for a file at the place of a folder."""
    path = Path(name)
    blocks = next((p for p in (path, *path.parents) if p.exists() and not p.is_dir()), path)
    return InputError(
        f"{blocks} is a file, and a folder is wanted there.", "Name another place for it."
    )


def cannot_write(path: Path, error: OSError) -> McuzooError:
    """The error for a file or folder of the user that cannot be written."""
    reason = (error.strerror or str(error)).rstrip(".")
    if error.errno == errno.EISDIR:
        return UsageError(f"{path} is a folder.", "Name the file to write.")
    if error.errno == errno.ENOENT and not path.parent.exists():
        parents = () if sys.platform == "win32" else ("-p",)
        return InputError(
            f"{path} cannot be written: there is no folder {path.parent}.",
            command("mkdir", *parents, path.parent),
        )
    if error.errno in NO_SPACE:
        look = command("df", "-h", path.parent)
        hint = "Free some space there." if sys.platform == "win32" else look
        return InputError(f"{path} cannot be written: {reason}.", hint)
    return InputError(f"{path} cannot be written: {reason}.", "Name another place.")


def _same_file(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:
        return False


def _system_error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Report an OSError in the block as one about `path`, not about the temporary file."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def _mode(path: Path) -> int | None:
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return None


def _descriptor(path: Path) -> int | None:
    """Which open file of this process `path` is a name of."""
    found = _DESCRIPTOR.fullmatch(path.as_posix())
    process = path.parts[2] if found and path.parts[1] == "proc" else "self"
    if found is None or process not in ("self", "thread-self", str(os.getpid())):
        return None
    return int(found[1])


def _require_folder(target: Path) -> None:
    if not target.parent.exists():
        raise _system_error(errno.ENOENT)
    if not target.parent.is_dir():
        raise _system_error(errno.ENOTDIR)


def _beside(target: Path) -> tuple[int, str]:
    """A new file in the folder of `target`, which must be there: its descriptor and name."""
    _require_folder(target)
    return tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:60]}-")


def _replace(target: Path, content: bytes) -> None:
    try:
        handle, temporary = _beside(target)
    except OSError as error:
        if error.errno not in _NO_RENAME or not target.exists():
            raise
        _write_through(target, content)
        return
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        _publish(temporary, target, keep=True)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _publish(temporary: str, target: Path, keep: bool) -> None:
    """Give `target` the content of the file beside it, which is gone afterwards."""
    new = Path(temporary)
    try:
        if not keep:
            return
        try:
            old = target.stat()
        except FileNotFoundError:
            new.chmod(0o666 & ~_umask())
        else:
            if not os.access(target, os.W_OK):
                raise _system_error(errno.EACCES)
            if sys.platform != "win32":
                with suppress(OSError):  # only root may
                    os.chown(new, old.st_uid, old.st_gid)
            new.chmod(stat.S_IMODE(old.st_mode))
        try:
            new.replace(target)
        except OSError as error:
            if error.errno not in _NO_RENAME or not target.exists():
                raise
            _write_through(target, new.read_bytes())
    finally:
        new.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _opened(target: Path) -> int:
    """Open a file, FIFO or device for writing in place; a terminal does not become ours."""
    known = _descriptor(target)
    if known is not None:
        return os.dup(known)
    flags = ("O_TRUNC", "O_NOCTTY", "O_CLOEXEC", "O_BINARY")
    return os.open(target, os.O_WRONLY | sum(getattr(os, flag, 0) for flag in flags))


def _write_through(target: Path, content: bytes) -> None:
    with os.fdopen(_opened(target), "wb", buffering=0) as file:
        rest = memoryview(content)
        while rest:
            rest = rest[file.write(rest) :]
