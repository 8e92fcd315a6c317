"""Archives that nobody vouches for: one file comes out, or an error, and nothing else happens."""

from __future__ import annotations

import gzip
import io
import random
import tarfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from mcuzoo.errors import FetchError
from mcuzoo.zoo.fetch import archive as archive_module
from mcuzoo.zoo.fetch.archive import extract_member

WANTED = "model.tflite"
CONTENT = bytes(range(256)) * 8
CAP = 1 << 16


def entry(name: str, content: bytes = b"", kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, len(content)
    return info


def tar(*members: tuple[tarfile.TarInfo, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as made:
        for info, content in members:
            made.addfile(info, io.BytesIO(content))
    return out.getvalue()


def header(kind: bytes, size: int, name: str = "x") -> bytes:
    """A header block that claims a size, whatever follows."""
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size
    return info.tobuf(tarfile.GNU_FORMAT)


def extracted(raw: bytes, folder: Path, packed: bool = True, cap: int = CAP) -> bytes:
    path = folder / "model.tgz"
    path.write_bytes(gzip.compress(raw, 1) if packed else raw)
    before = {item.name for item in folder.parent.iterdir()}
    target = io.BytesIO()
    try:
        size = extract_member(path, WANTED, target, cap)
    finally:
        assert sorted(item.name for item in folder.iterdir()) == ["model.tgz"]
        assert {item.name for item in folder.parent.iterdir()} == before
    assert size == len(target.getvalue()) <= cap
    return target.getvalue()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("archives")


@pytest.mark.parametrize("name", [WANTED, f"./{WANTED}", f"a/b/{WANTED}", f"../../{WANTED}"])
def test_only_the_content_counts(folder: Path, name: str) -> None:
    others = [
        (entry("/etc/mcuzoo-was-here", b"x"), b"x"),
        (entry("../escaped", b"x"), b"x"),
        (entry("checkpoint", b"y" * 5000), b"y" * 5000),
    ]
    assert extracted(tar(*others, (entry(name, CONTENT), CONTENT)), folder) == CONTENT
    assert not Path("/etc/mcuzoo-was-here").exists()


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE],
)
def test_a_link_or_device_in_its_place_is_refused(folder: Path, kind: bytes) -> None:
    info = entry(WANTED, kind=kind)
    info.linkname = "/etc/passwd"
    with pytest.raises(FetchError, match="link or no file"):
        extracted(tar((info, b"")), folder)


def test_a_link_through_which_the_file_would_go_leads_nowhere(folder: Path) -> None:
    link = entry("sub", kind=tarfile.SYMTYPE)
    link.linkname = str(folder.parent)
    raw = tar((link, b""), (entry(f"sub/{WANTED}", CONTENT), CONTENT))
    assert extracted(raw, folder) == CONTENT


def test_what_unpacks_to_too_much_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_module, "MAX_UNPACKED_BYTES", 1 << 20)
    bomb = tar((entry("zeros", bytes(8 << 20)), bytes(8 << 20)), (entry(WANTED), b""))
    with pytest.raises(FetchError, match="unpacks to more than 1,048,576"):
        extracted(bomb, folder)
    with pytest.raises(FetchError, match="has 65,537 bytes"):
        extracted(tar((entry(WANTED, bytes(CAP + 1)), bytes(CAP + 1))), folder)


def test_a_crowd_is_refused(folder: Path) -> None:
    raw = b"".join(header(tarfile.REGTYPE, 0, f"n{number}") for number in range(5000))
    with pytest.raises(FetchError, match="more than 4096 members"):
        extracted(raw, folder)


def sparse_bomb() -> bytes:
    """An old GNU sparse file whose map goes on over 20,000 blocks."""
    first = bytearray(header(tarfile.GNUTYPE_SPARSE, 512))
    first[482] = 1
    first[148:156] = b" " * 8
    first[148:156] = b"%06o\0 " % sum(first)
    block = b"00000000001\0" * 42 + b"\1" + bytes(7)
    return bytes(first) + block * 20_000


BOMBS = {
    "pax": tarfile.XHDTYPE,
    "pax, global": tarfile.XGLTYPE,
    "pax, old": tarfile.SOLARIS_XHDTYPE,
    "long name": tarfile.GNUTYPE_LONGNAME,
    "long link": tarfile.GNUTYPE_LONGLINK,
    "sparse": None,
}


@pytest.mark.parametrize("what", sorted(BOMBS))
def test_headers_that_would_fill_the_memory(folder: Path, what: str) -> None:
    path = folder / "model.tgz"
    kind = BOMBS[what]
    bomb = header(kind, 1 << 32) + bytes(16 << 20) if kind else sparse_bomb()
    path.write_bytes(gzip.compress(bomb, 1))
    tracemalloc.start()
    try:
        with pytest.raises(FetchError, match="damaged"):
            extract_member(path, WANTED, io.BytesIO(), CAP)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 << 20


def test_an_archive_cut_short_behind_the_file_is_damaged(folder: Path) -> None:
    noise = random.Random(1).randbytes(200_000)
    raw = gzip.compress(tar((entry(WANTED, CONTENT), CONTENT), (entry("noise", noise), noise)))
    assert extracted(raw, folder, packed=False) == CONTENT
    with pytest.raises(FetchError, match="damaged"):
        extracted(raw[:-1000], folder, packed=False)


def test_a_chain_of_headers_is_refused(folder: Path) -> None:
    link = header(tarfile.GNUTYPE_LONGNAME, 1) + b"x" + bytes(511)
    with pytest.raises(FetchError, match="damaged"):
        extracted(link * 3000, folder)


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda raw: b"",
    "no gzip": lambda raw: raw,
    "cut gzip": lambda raw: gzip.compress(raw)[:-20],
    "wrong sum": lambda raw: gzip.compress(raw)[:-8] + b"\0" * 8,
    "cut tar": lambda raw: gzip.compress(raw[: 512 + 100]),
    "no tar": lambda raw: gzip.compress(b"hello" * 1000),
}


@pytest.mark.parametrize("how", sorted(DAMAGE))
def test_damage_is_said(folder: Path, how: str) -> None:
    raw = DAMAGE[how](tar((entry("other", CONTENT), CONTENT)))
    with pytest.raises(FetchError, match=r"damaged|holds no file"):
        extracted(raw, folder, packed=False)


@pytest.mark.slow
@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=6),
    st.sampled_from((tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT)),
    st.booleans(),
)
@settings(deadline=None, max_examples=examples(250))
def test_any_damage_ends_in_content_or_error(
    folder: Path, damage: list[tuple[int, int]], form: int, outside: bool
) -> None:
    long_name = entry("d" * 90 + "/" + "n" * 90, b"abc")
    raw = tar((long_name, b"abc"), (entry(WANTED, CONTENT), CONTENT), form=form)
    data = bytearray(gzip.compress(raw, 1) if outside else raw)
    for place, value in damage:
        data[place % len(data)] = value
    try:
        extracted(bytes(data), folder, packed=not outside)
    except FetchError as error:
        assert error.hint and error.message.isprintable()
