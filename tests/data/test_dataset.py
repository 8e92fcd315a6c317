"""Data sets: folders, class folders, manifests, single images; and how each can be wrong."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcuzoo.data import images
from mcuzoo.data.dataset import load_data_set
from mcuzoo.data.images import DataSet, FilePicture, Item
from mcuzoo.data.labels import Classes
from mcuzoo.errors import DataSetError

THREE = Classes(3)
NAMED = Classes(3, ("go", "stop", "wait"))


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())


def labels_of(data_set: DataSet) -> dict[str, int | None]:
    return {item.file: item.label for item in data_set.items}


def test_flat_folder_has_no_labels(tmp_path: Path) -> None:
    touch(tmp_path, "b.png", "a.JPG", "notes.txt", ".hidden.jpg")
    items = load_data_set(tmp_path, THREE).items
    digest = hashlib.sha256(b"a.JPG").hexdigest()
    assert items[0] == Item(0, "a.JPG", FilePicture(tmp_path / "a.JPG"), None, digest)
    assert [item.file for item in items] == ["a.JPG", "b.png"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipe_among_the_images_does_not_hang(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg")
    os.mkfifo(tmp_path / "b.jpg")
    assert [item.file for item in load_data_set(tmp_path, THREE).items] == ["a.jpg"]
    path = manifest(tmp_path, "file\nb.jpg\n")
    with pytest.raises(DataSetError, match="line 2: there is no file"):
        load_data_set(path, THREE)
    with pytest.raises(DataSetError, match="it is no file"):
        images.read_image_file(tmp_path / "b.jpg")


def test_class_folders_by_sorted_name(tmp_path: Path) -> None:
    touch(tmp_path, "tree/1.jpg", "car/2.jpg", "house/3.jpg", "car/1.jpg", ".git/x.jpg")
    assert labels_of(load_data_set(tmp_path, THREE)) == {
        "car/1.jpg": 0, "car/2.jpg": 0, "house/3.jpg": 1, "tree/1.jpg": 2,
    }  # fmt: skip


def test_class_folders_by_class_name(tmp_path: Path) -> None:
    touch(tmp_path, "Wait/1.jpg", "go/2.jpg")
    assert labels_of(load_data_set(tmp_path, NAMED)) == {"Wait/1.jpg": 2, "go/2.jpg": 0}


def test_class_folders_by_number(tmp_path: Path) -> None:
    touch(tmp_path, "2/1.jpg", "0/2.jpg")
    assert labels_of(load_data_set(tmp_path, THREE)) == {"0/2.jpg": 0, "2/1.jpg": 2}


def test_class_folder_that_is_no_class(tmp_path: Path) -> None:
    touch(tmp_path, "stopp/1.jpg")
    with pytest.raises(DataSetError, match="no class 'stopp'") as caught:
        load_data_set(tmp_path, NAMED)
    assert "Did you mean 'stop'?" in caught.value.hint


def test_class_folders_of_another_number(tmp_path: Path) -> None:
    touch(tmp_path, "a/1.jpg", "b/1.jpg")
    with pytest.raises(DataSetError, match="2 class folders, the model has 3") as caught:
        load_data_set(tmp_path, THREE)
    assert "--labels" in caught.value.hint


@pytest.mark.slow
def test_thousand_class_folders_on_1001_classes(tmp_path: Path) -> None:
    touch(tmp_path, *(f"n{n:08}/x.jpg" for n in range(1000)))
    with pytest.raises(DataSetError) as caught:
        load_data_set(tmp_path, Classes(1001))
    assert "background" in caught.value.hint


def test_images_beside_class_folders(tmp_path: Path) -> None:
    touch(tmp_path, "a/1.jpg", "2.jpg")
    with pytest.raises(DataSetError, match="beside class folders such as 'a'"):
        load_data_set(tmp_path, THREE)


@pytest.mark.parametrize("files", [(), ("notes.txt",), ("sub/notes.txt",)])
def test_empty_folder(tmp_path: Path, files: tuple[str, ...]) -> None:
    touch(tmp_path, *files)
    with pytest.raises(DataSetError, match="no images in") as caught:
        load_data_set(tmp_path, THREE)
    assert ".jpg" in caught.value.hint


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(DataSetError, match="There is no data set"):
        load_data_set(tmp_path / "gone", THREE)


def test_single_image_and_other_file(tmp_path: Path) -> None:
    touch(tmp_path, "cat.jpg", "cat.doc")
    assert labels_of(load_data_set(tmp_path / "cat.jpg", THREE)) == {"cat.jpg": None}
    with pytest.raises(DataSetError, match="neither a folder"):
        load_data_set(tmp_path / "cat.doc", THREE)


def manifest(folder: Path, text: str) -> Path:
    path = folder / "manifest.csv"
    path.write_bytes(text.encode())
    return path


def test_manifest(tmp_path: Path) -> None:
    touch(tmp_path, "img/a.jpg", "b, c.jpg", "d.jpg")
    path = manifest(
        tmp_path,
        '\ufeffLabel,file,source\r\n2,img/a.jpg,web\r\n\r\n"stop","b, c.jpg",\r\n,d.jpg,me\r\n',
    )
    data_set = load_data_set(path, NAMED)
    assert labels_of(data_set) == {"img/a.jpg": 2, "b, c.jpg": 1, "d.jpg": None}
    assert [item.index for item in data_set.items] == [0, 1, 2]
    assert data_set.items[0].picture == FilePicture(tmp_path / "img" / "a.jpg")


def test_manifest_checks_sha256(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg")
    right = hashlib.sha256(b"a.jpg").hexdigest()
    data_set = load_data_set(manifest(tmp_path, f"file,sha256\na.jpg,{right.upper()}\n"), THREE)
    assert data_set.items[0].sha256 == right
    with pytest.raises(DataSetError, match=r"a\.jpg is not the file"):
        load_data_set(manifest(tmp_path, f"file,sha256\na.jpg,{'0' * 64}\n"), THREE)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "line 1: no column 'file'"),
        ("a.jpg,0\n", "line 1: no column 'file'"),
        ("file,label\ngone.jpg,1\n", r"line 2: there is no file .*gone\.jpg"),
        ("file,label\na.jpg,3\n", "line 2: label 3 is out of range"),
        ("file,label\na.jpg,stop\n", "line 2: label 'stop' is a name"),
        ("file,label\na.jpg,0\n,1\n", "line 3: no file is named"),
        ("file,label\na.jpg,0,x,y\n", "line 2: 4 cells under 2 columns"),
        ('file,label\na.jpg,0\n"a.jpg,0\n', "line 2 or after"),
        ("file,label\n\0,0\n", "line"),
        ("file,label\n" + "x" * 300 + ",0\n", "line 2: there is no file"),
        ("file,label\n" + "x" * 200_000 + ",0\n", "line"),
    ],
)
def test_manifest_errors_name_the_line(tmp_path: Path, text: str, complaint: str) -> None:
    touch(tmp_path, "a.jpg")
    with pytest.raises(DataSetError, match=complaint):
        load_data_set(manifest(tmp_path, text), THREE)


def test_manifest_that_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_bytes(b"file,label\n\xff\xfe\x00,0\n")
    with pytest.raises(DataSetError, match="line"):
        load_data_set(path, THREE)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(st.binary(max_size=200))
def test_any_manifest_is_a_data_set_or_an_error(tmp_path: Path, content: bytes) -> None:
    touch(tmp_path, "a.jpg")
    path = tmp_path / "m.csv"
    path.write_bytes(b"file,label\n" + content)
    try:
        load_data_set(path, THREE)
    except DataSetError as error:
        assert error.hint


def test_limit_keeps_manifest_positions(tmp_path: Path) -> None:
    touch(tmp_path, *(f"{n}.jpg" for n in range(9)))
    path = manifest(tmp_path, "file,label\n" + "".join(f"{n}.jpg,{n // 3}\n" for n in range(9)))
    data_set = load_data_set(path, THREE, limit=3)
    assert [(item.index, item.label) for item in data_set.items] == [(0, 0), (3, 1), (6, 2)]


def test_digest_covers_name_label_content_and_choice(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "b.jpg")
    digests = {
        load_data_set(manifest(tmp_path, text), THREE, limit).digest
        for text, limit in (
            ("file,label\na.jpg,0\nb.jpg,1\n", None),
            ("file,label\nb.jpg,1\na.jpg,0\n", None),
            ("file,label\na.jpg,0\nb.jpg,2\n", None),
            ("file,label\na.jpg,0\nb.jpg,1\n", 1),
        )
    }
    same = load_data_set(manifest(tmp_path, "label,file\n0,./a.jpg\n"), THREE)
    (tmp_path / "a.jpg").write_bytes(b"other")
    other = load_data_set(manifest(tmp_path, "label,file\n0,./a.jpg\n"), THREE)
    assert len(digests | {same.digest, other.digest}) == 6


def test_too_large_a_file_is_not_hashed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "a.jpg")
    monkeypatch.setattr(images, "MAX_FILE_BYTES", 4)
    assert load_data_set(tmp_path, THREE).items[0].sha256 is None


def test_one_missing_file_of_a_manifest_stops_nothing(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg")
    items = load_data_set(manifest(tmp_path, "file,label\na.jpg,0\ngone.jpg,1\n"), THREE).items
    assert items[0].sha256 is not None and items[1].sha256 is None
    with pytest.raises(DataSetError, match=r"line 3: there is no file 'gone\.jpg'"):
        items[1].picture.read()


def test_labels_from_0_on_1001_classes_are_refused(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "b.jpg")
    path = manifest(tmp_path, "file,label\na.jpg,0\nb.jpg,999\n")
    with pytest.raises(DataSetError, match="background") as caught:
        load_data_set(path, Classes(1001))
    assert "1 added" in caught.value.hint
    path = manifest(tmp_path, "file,label\na.jpg,1\nb.jpg,1000\n")
    assert len(load_data_set(path, Classes(1001)).items) == 2


def test_unlabelled_rows_are_warned_of(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "b.jpg")
    path = manifest(tmp_path, "file,label\na.jpg,0\nb.jpg,\n")
    assert load_data_set(path, THREE).warnings == ("1 of 2 images have no label.",)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_of_a_spreadsheet(tmp_path: Path, separator: str) -> None:
    touch(tmp_path, "a;b.png", "c.png")
    rows = (("file", "label"), ('"a;b.png"', "1"), ("c.png", "0"))
    path = manifest(tmp_path, "".join(f"{separator.join(row)}\r\n" for row in rows))
    for source in (path, tmp_path):
        assert labels_of(load_data_set(source, Classes(2))) == {"a;b.png": 1, "c.png": 0}


@pytest.mark.parametrize(
    ("header", "advice"),
    [
        ("filename;label", "Call the column 'filename' 'file'."),
        ("file,class", "Call the column 'class' 'label'."),
        ("image\tclass", "Call the column 'image' 'file'."),
        ("a;b;c", "It needs UTF-8 text and a header line"),
    ],
)
def test_columns_of_other_names_are_told_what_to_be_called(
    tmp_path: Path, header: str, advice: str
) -> None:
    touch(tmp_path, "a.png")
    with pytest.raises(DataSetError, match="no column") as caught:
        load_data_set(manifest(tmp_path, f"{header}\na.png\n"), Classes(2))
    assert caught.value.hint.startswith(advice) and "Did you mean" not in caught.value.hint


def test_folders_named_as_classes_that_are_numbers(tmp_path: Path) -> None:
    """Keras sorts folders as text; the labels file says so."""
    names = tuple(sorted(map(str, range(12))))
    for name in names:
        touch(tmp_path / name, "a.png")
    found = labels_of(load_data_set(tmp_path, Classes(12, names)))
    assert found["10/a.png"] == 2 and found["2/a.png"] == 4
