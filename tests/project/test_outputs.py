"""One rule for files that are written, with each kind of node."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mcuzoo.errors import InputError, UsageError
from mcuzoo.files import (
    GrowingOutput,
    making,
    open_output,
    require_outputs,
    write_output,
    write_whole,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX nodes")
CONTENT = b"a line\n" * 3


def whole(path: Path) -> None:
    write_output(path, CONTENT)


def text(path: Path) -> None:
    with open_output(path) as file:
        file.write(CONTENT.decode())


def growing(path: Path) -> None:
    with GrowingOutput(path) as output:
        output.file.write(b"?" + CONTENT[1:])
        output.file.seek(0)
        output.file.write(CONTENT[:1])
        output.publish()


Write = Callable[[Path], None]
ways = pytest.mark.parametrize("write", [whole, text, growing])


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@ways
def test_nothing_and_a_regular_file(write: Write, tmp_path: Path) -> None:
    path = tmp_path / "out"
    with umask(0o027):
        write(path)
    assert path.read_bytes() == CONTENT and stat.S_IMODE(path.stat().st_mode) == 0o640
    path.write_bytes(b"old")
    path.chmod(0o604)
    before = path.stat().st_ino
    write(path)
    assert path.read_bytes() == CONTENT and stat.S_IMODE(path.stat().st_mode) == 0o604
    assert path.stat().st_ino != before, "replaced, not rewritten"
    assert list(tmp_path.iterdir()) == [path]


@ways
def test_links_are_followed(write: Write, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    target, link, dangling = tmp_path / "there/file", tmp_path / "link", tmp_path / "dangling"
    target.write_bytes(b"old")
    link.symlink_to("there/second")
    (tmp_path / "there/second").symlink_to("file")
    dangling.symlink_to("there/new")
    write(link)
    write(dangling)
    assert link.is_symlink() and dangling.is_symlink()
    assert (tmp_path / "there/second").is_symlink() and not target.is_symlink()
    assert target.read_bytes() == (tmp_path / "there/new").read_bytes() == CONTENT
    circle = tmp_path / "circle"
    circle.symlink_to(circle)
    with pytest.raises(InputError, match="cannot be written"):
        write(circle)


@ways
def test_a_fifo_is_written_through(write: Write, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(fifo.read_bytes()))
    reader.start()
    write(fifo)
    reader.join(20)
    assert read == [CONTENT] and fifo.is_fifo()
    assert list(tmp_path.iterdir()) == [fifo]


@ways
def test_devices_and_terminals_stay_what_they_are(write: Write, tmp_path: Path) -> None:
    import pty
    import tty

    null = tmp_path / "null"
    try:
        os.mknod(null, 0o600 | stat.S_IFCHR, os.makedev(1, 3))
        null.open("wb").close()
    except OSError:
        null = Path("/dev/null")
    write(null)
    assert null.is_char_device()
    master, slave = pty.openpty()
    try:
        tty.setraw(slave)
        name = Path(os.ttyname(slave))
        write(name)
        assert os.read(master, 100) == CONTENT and name.is_char_device()
    finally:
        os.close(master)
        os.close(slave)
    with pytest.raises(InputError, match="No space left"):
        write_output(Path("/dev/full"), CONTENT)
    assert Path("/dev/full").is_char_device()


@ways
def test_a_folder_and_no_folder(write: Write, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder"):
        write(tmp_path)
    with pytest.raises(InputError, match="there is no folder") as caught:
        write(tmp_path / "a b" / "out")
    assert caught.value.hint == f"mkdir -p '{tmp_path}/a b'"
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written"):
        write(tmp_path / "file" / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("name", ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
@pytest.mark.parametrize("kind", ["pipe", "file"])
def test_stdout_by_all_its_names(name: str, kind: str, tmp_path: Path) -> None:
    """Also where it is a file: what was printed before stays, and what comes after follows."""
    code = (
        "import sys; from pathlib import Path; from mcuzoo.files import write_output\n"
        "print('before'); write_output(Path(sys.argv[1]), b'content\\n'); print('after')"
    )
    out = tmp_path / "out"
    with out.open("wb") as file:
        done = subprocess.run(
            [sys.executable, "-c", code, name],
            stdout=subprocess.PIPE if kind == "pipe" else file,
            cwd=tmp_path,
        )
    assert done.returncode == 0
    got = done.stdout if kind == "pipe" else out.read_bytes()
    assert got == b"before\ncontent\nafter\n"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"old")
    with pytest.raises(ZeroDivisionError), GrowingOutput(path) as output:
        output.file.write(CONTENT)
        raise ZeroDivisionError
    with pytest.raises(ZeroDivisionError), open_output(path):
        raise ZeroDivisionError
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]
    with pytest.raises(ZeroDivisionError), open_output(path) as file:
        file.write("so far")
        raise ZeroDivisionError
    assert path.read_bytes() == b"so far"


def test_a_file_whose_folder_takes_no_rename_is_written_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is a mount of its own, as containers have it; root has no other way to try it."""
    path = tmp_path / "out"
    path.write_bytes(b"old and longer than the new one, by far")

    def busy(self: Path, target: Path) -> Path:
        raise OSError(16, "Device or resource busy", str(self))

    monkeypatch.setattr(Path, "replace", busy)
    write_whole(path, CONTENT)
    assert path.read_bytes() == CONTENT and list(tmp_path.iterdir()) == [path]


def test_what_is_known_before_the_work(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.touch()
    link = tmp_path / "link"
    link.symlink_to(source)
    stdout = Path("-")
    assert not require_outputs({"--a": tmp_path / "new", "--b": None}, {"IN": source})
    assert require_outputs({"--a": stdout}, {})
    for outputs, inputs, as_json, says in [
        ({"--a": link}, {"IN": source}, False, "--a: .* is what IN names"),
        ({"--a": tmp_path}, {}, False, "is a folder"),
        ({"--a": stdout, "--b": Path("/dev/stdout")}, {}, False, "--a and --b"),
        ({"--a": stdout}, {}, True, "--a and --json"),
    ]:
        with pytest.raises(UsageError, match=says):
            require_outputs(outputs, inputs, as_json)
    with pytest.raises(InputError, match="there is no folder"):
        require_outputs({"--a": tmp_path / "no" / "file"}, {})


def test_what_is_made_is_named_and_not_its_scratch_files(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "project"
    with pytest.raises(InputError, match="file is a file, and a folder is wanted"), making(folder):
        folder.mkdir(parents=True)
    with pytest.raises(InputError, match="project cannot be written"), making(folder):
        raise PermissionError(13, "Permission denied", str(tmp_path / "file" / ".scratch-1"))
    with pytest.raises(FileNotFoundError), making(folder):
        Path("/no/such/file").read_bytes()
