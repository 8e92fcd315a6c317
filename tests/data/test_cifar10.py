"""CIFAR-10's batches, built small: binary, and pickled as Python 2 and 3 do it."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mcuzoo.data.cifar10 import NAMES
from mcuzoo.data.dataset import open_data_set
from mcuzoo.data.images import DataSet, decode_image
from mcuzoo.data.labels import Classes
from mcuzoo.errors import DataSetError, UsageError

TEN = Classes(10)
LABELS = [3, 8, 8, 0, 6]


def pictures(seed: int) -> NDArray[np.uint8]:
    """uint8 (5, 32, 32, 3)."""
    return np.random.default_rng(seed).integers(0, 256, (5, 32, 32, 3), dtype=np.uint8)


def rows(seed: int) -> NDArray[np.uint8]:
    """The same as CIFAR-10 stores them: (5, 3072), planes of red, green and blue."""
    return np.ascontiguousarray(pictures(seed).transpose(0, 3, 1, 2).reshape(5, 3072))


def binary(seed: int) -> bytes:
    return b"".join(
        bytes([label]) + row.tobytes() for label, row in zip(LABELS, rows(seed), strict=True)
    )


def by_python_2(seed: int) -> bytes:
    """Opcode by opcode as Python 2 and NumPy 1 pickled the published batches, memo included."""
    data = rows(seed).tobytes()

    def text(word: bytes, memo: int) -> bytes:
        return b"U" + bytes([len(word)]) + word + b"q" + bytes([memo])

    return b"".join(
        (
            b"\x80\x02}q\x01(",
            text(b"batch_label", 2), text(b"testing batch 1 of 1", 3),
            text(b"labels", 4), b"]q\x05(", *(b"K" + bytes([label]) for label in LABELS), b"e",
            text(b"data", 6), b"cnumpy.core.multiarray\n_reconstruct\nq\x07cnumpy\nndarray\nq\x08",
            b"K\x00\x85", text(b"b", 9), b"\x87Rq\x0a(K\x01K\x05M\x00\x0c\x86",
            b"cnumpy\ndtype\nq\x0b", text(b"u1", 12), b"K\x00K\x01\x87Rq\x0d(K\x03", text(b"|", 14),
            b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T", struct.pack("<I", len(data)),
            data, b"tbu.",
        )
    )  # fmt: skip


def by_python_3(protocol: int, keys: Callable[[str], Any] = str) -> Callable[[int], bytes]:
    def pickled(seed: int) -> bytes:
        batch = {keys("labels"): LABELS, keys("data"): rows(seed), keys("filenames"): ["a.png"]}
        return pickle.dumps(batch, protocol=protocol)

    return pickled


PICKLES = {
    "python 2": by_python_2,
    "protocol 3": by_python_3(3, str.encode),
    "protocol 4": by_python_3(4),
    "protocol 5": by_python_3(5),
}


def pixels_of(data_set: DataSet) -> list[NDArray[np.uint8]]:
    return [item.picture.decode(item.picture.read(), "rgb") for item in data_set.items]


def test_what_python_2_wrote_is_what_pickle_reads() -> None:
    read = pickle.loads(by_python_2(1), encoding="bytes")
    assert read[b"labels"] == LABELS and np.array_equal(read[b"data"], rows(1))


@pytest.mark.parametrize("kind", [None, *PICKLES])
def test_every_layout_gives_the_same_pictures_and_labels(tmp_path: Path, kind: str | None) -> None:
    name = "cifar-10-batches-bin" if kind is None else "cifar-10-batches-py"
    folder = tmp_path / name
    folder.mkdir()
    suffix, write = (".bin", binary) if kind is None else ("", PICKLES[kind])
    for batch, seed in (("data_batch_1", 1), ("data_batch_2", 2), ("test_batch", 3)):
        (folder / f"{batch}{suffix}").write_bytes(write(seed))
    (folder / "batches.meta.txt").write_text("\n".join(NAMES))

    for source in (folder, tmp_path):
        test = open_data_set(source, TEN)
        assert (test.name, test.split) == ("cifar10", "test")
        assert [item.label for item in test.items] == LABELS
        assert np.array_equal(np.stack(pixels_of(test)), pictures(3))
    train = open_data_set(folder, TEN, split="train")
    assert np.array_equal(np.stack(pixels_of(train)), np.concatenate([pictures(1), pictures(2)]))
    assert [item.file for item in train.items][4:6] == [
        f"data_batch_1{suffix}:4", f"data_batch_2{suffix}:0",
    ]  # fmt: skip
    assert len(open_data_set(folder, TEN, split="all").items) == 15
    alone = open_data_set(folder / f"test_batch{suffix}", TEN)
    assert np.array_equal(np.stack(pixels_of(alone)), pictures(3))
    with pytest.raises(DataSetError, match="no split 'validation'"):
        open_data_set(folder, TEN, split="validation")


def test_labels_go_by_name_where_the_model_has_names(tmp_path: Path) -> None:
    path = tmp_path / "test_batch.bin"
    path.write_bytes(binary(1))
    pytorch = ("plane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
    turned = tuple(reversed(pytorch))
    labels = [item.label for item in open_data_set(path, Classes(10, turned)).items]
    assert labels == [9 - label for label in LABELS]
    with pytest.raises(DataSetError, match="10 classes, the model has 7"):
        open_data_set(path, Classes(7))
    with pytest.raises(DataSetError, match="no class 'airplane'"):
        open_data_set(path, Classes(10, tuple("abcdefghij")))


def test_a_wrong_label_is_one_damaged_picture(tmp_path: Path) -> None:
    path = tmp_path / "data_batch_1.bin"
    content = bytearray(binary(1))
    content[3073] = 10
    path.write_bytes(content)
    items = open_data_set(path, TEN).items
    assert [item.label for item in items] == [3, None, 8, 0, 6]
    with pytest.raises(DataSetError, match="picture 1: label 10 is not 0 to 9"):
        items[1].picture.read()


class Hostile:
    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("unpickled"),))


@pytest.mark.parametrize(
    "content",
    [
        pickle.dumps({"labels": LABELS, "data": Hostile()}),
        pickle.dumps({"labels": LABELS, "data": np.asfortranarray(rows(1))}),
        pickle.dumps({"labels": LABELS, "data": rows(1).view(np.int8)}),
        pickle.dumps({"labels": LABELS, "data": rows(1)}, protocol=2),
        pickle.dumps({"labels": LABELS[:4], "data": rows(1)}),
        pickle.dumps({"labels": [-1], "data": rows(1)[:1]}),
        by_python_2(1)[:-5000],
        b"\x80\x04",
    ],
    ids=["code", "fortran", "int8", "text", "labels", "negative", "cut off", "empty"],
)
def test_a_pickle_of_anything_else_is_refused_and_never_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "data_batch_1"
    path.write_bytes(content)
    with pytest.raises(DataSetError, match="data_batch_1"):
        open_data_set(path, TEN)
    assert not Path("unpickled").exists()


def test_binary_batches_of_another_size_are_no_batches(tmp_path: Path) -> None:
    path = tmp_path / "test_batch.bin"
    path.write_bytes(binary(1)[:-1])
    with pytest.raises((DataSetError, UsageError), match="test_batch"):
        open_data_set(path, TEN)


def test_folders_of_pictures(test_data: Path) -> None:
    folder = test_data / "cifar10"
    if not folder.is_dir():
        pytest.skip("these test data have no CIFAR-10")
    plain = open_data_set(folder, TEN)
    pytorch = ("car", "plane", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
    named = open_data_set(folder, Classes(10, pytorch))
    listed = open_data_set(test_data / "manifest_cifar10.csv", TEN)
    assert [item.label for item in plain.items] == [item.label for item in listed.items]
    assert [item.label for item in named.items][:40:20] == [1, 0]
    first = plain.items[0].picture
    assert decode_image(first.read(), "rgb", first.place).shape == (32, 32, 3)
