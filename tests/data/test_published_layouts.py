"""ImageNet's and FER2013's published layouts, rebuilt small, and the traps in their labels."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcuzoo.data.dataset import load_data_set, open_data_set
from mcuzoo.data.drawn_signs.classes import CLASS_NAMES
from mcuzoo.data.fer2013 import EMOTIONS
from mcuzoo.data.imagenet import (
    DEVKIT_FILE,
    FIRST_SYNSETS,
    IMAGES,
    class_order,
    ilsvrc_order,
    read_truth,
)
from mcuzoo.data.images import DataSet, DrawnSign, PixelRow
from mcuzoo.data.labels import Classes
from mcuzoo.errors import DataSetError

SLIM, KERAS, SEVEN = Classes(1001), Classes(1000), Classes(7)
ILSVRC_IDS = (490, 361, 171, 822, 297, 482, 13, 704, 599, 164)
"""The first ten lines of the development kit's ground truth."""


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())


def labels_of(data_set: DataSet) -> list[int | None]:
    return [item.label for item in data_set.items]


def test_the_two_orders_of_imagenet() -> None:
    assert len(set(ilsvrc_order())) == len(class_order()) == 1000
    assert class_order()["n01440764"] == 0 and class_order()["n15075141"] == 999
    assert ilsvrc_order().index("n02119789") == 0
    assert [ilsvrc_order()[number - 1] for number in ILSVRC_IDS] == list(FIRST_SYNSETS)
    # The first lines of Caffe's val.txt.
    assert [class_order()[name] for name in FIRST_SYNSETS[:5]] == [65, 970, 230, 809, 516]


def test_order_agrees_with_the_packs_labels(test_data: Path) -> None:
    from_csv = open_data_set(test_data / "manifest_imagenet.csv", SLIM)
    by_name = open_data_set(test_data / "imagenet", SLIM)
    assert labels_of(from_csv) == labels_of(by_name)
    assert labels_of(open_data_set(test_data / "imagenet", KERAS))[0] == 0
    assert set(labels_of(open_data_set(test_data / "imagenet", SEVEN))) == {None}


def test_synset_folders_need_no_names(tmp_path: Path) -> None:
    touch(tmp_path, "n15075141/a.JPEG", "n01440764/b.JPEG")
    assert labels_of(open_data_set(tmp_path, SLIM)) == [1, 1000]
    assert labels_of(open_data_set(tmp_path, KERAS)) == [0, 999]
    with pytest.raises(DataSetError, match="the model has 7"):
        open_data_set(tmp_path, SEVEN)


TRUTHS: dict[str, Callable[[int, str], str]] = {
    DEVKIT_FILE: lambda number, name: str(ilsvrc_order().index(name) + 1),
    "val.txt": lambda number, name: f"ILSVRC2012_val_{number:08}.JPEG {class_order()[name]}",
    "imagenet_2012_validation_synset_labels.txt": lambda number, name: name,
    "LOC_val_solution.csv": lambda number, name: f"ILSVRC2012_val_{number:08},{name} 1 2 3 4",
}


def truth_text(file: str) -> str:
    others = ilsvrc_order()
    names = [*FIRST_SYNSETS, *(others[number % 1000] for number in range(10, IMAGES))]
    lines = [TRUTHS[file](number, name) for number, name in enumerate(names, 1)]
    if file.endswith(".csv"):
        lines = ["ImageId,PredictionString", *reversed(lines)]
    return "\n".join(lines) + "\n"


@pytest.mark.slow
@pytest.mark.parametrize("file", TRUTHS)
def test_validation_set_with_each_ground_truth(tmp_path: Path, file: str) -> None:
    touch(tmp_path, *(f"val/ILSVRC2012_val_{number:08}.JPEG" for number in (10, 1, 2)))
    kit = tmp_path / "ILSVRC2012_devkit_t12" / "data"
    kit.mkdir(parents=True)
    (kit / file).write_text(truth_text(file))
    data_set = open_data_set(tmp_path / "val", SLIM)
    assert data_set.format == "imagenet-validation"
    wanted = [1 + class_order()[FIRST_SYNSETS[number - 1]] for number in (1, 2, 10)]
    assert labels_of(data_set) == wanted
    assert labels_of(open_data_set(tmp_path / "val", KERAS)) == [one - 1 for one in wanted]


def test_kaggles_archive_has_its_solution_at_the_root(tmp_path: Path) -> None:
    touch(tmp_path, "ILSVRC/Data/CLS-LOC/val/ILSVRC2012_val_00000002.JPEG")
    (tmp_path / "LOC_val_solution.csv").write_text(truth_text("LOC_val_solution.csv"))
    data_set = open_data_set(tmp_path / "ILSVRC" / "Data" / "CLS-LOC", KERAS)
    assert (data_set.split, labels_of(data_set)) == ("validation", [970])


def test_numbers_count_as_the_first_images_show_not_as_the_file_is_called(tmp_path: Path) -> None:
    right = truth_text(DEVKIT_FILE)
    (tmp_path / "val.txt").write_text(right)
    (tmp_path / DEVKIT_FILE).write_text(right)
    assert read_truth(tmp_path / "val.txt") == read_truth(tmp_path / DEVKIT_FILE)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("1\n" * (IMAGES - 1), "has 49999 labels"),
        ("1\n" * IMAGES, "neither by ILSVRC2012_ID nor"),
        ("\n".join(map(str, ILSVRC_IDS)) + "\n1001" * (IMAGES - 10), "label '1001' of image 11"),
        ("\n".join(map(str, ILSVRC_IDS)) + "\nx" * (IMAGES - 10), "label 'x' of image 11"),
    ],
)
def test_ground_truths_that_are_none(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / DEVKIT_FILE
    path.write_text(text)
    with pytest.raises(DataSetError, match=complaint) as caught:
        read_truth(path)
    assert "development kit" in caught.value.hint


def test_validation_set_without_ground_truth(tmp_path: Path) -> None:
    touch(tmp_path, "ILSVRC2012_val_00000001.JPEG")
    with pytest.raises(DataSetError, match="ground truth") as caught:
        open_data_set(tmp_path, SLIM)
    assert DEVKIT_FILE in caught.value.hint


@pytest.mark.parametrize(
    ("classes", "counted", "advice"),
    [
        (SLIM, lambda name: class_order()[name], "add 1 to each"),
        (KERAS, lambda name: class_order()[name] + 1, "subtract 1 from each"),
        (SLIM, lambda name: ilsvrc_order().index(name) + 1, "ILSVRC2012_IDs"),
    ],
)
def test_labels_that_contradict_their_files_are_refused(
    tmp_path: Path, classes: Classes, counted: object, advice: str
) -> None:
    assert callable(counted)
    files = {name: f"{name}_1.JPEG" for name in FIRST_SYNSETS}
    touch(tmp_path, *files.values())
    rows = [f"{file},{counted(name)}" for name, file in files.items()]
    path = tmp_path / "list.csv"
    path.write_text("file,label\n" + "\n".join(rows) + "\n")
    with pytest.raises(DataSetError, match="10 of 10 such labels are wrong") as caught:
        open_data_set(path, classes)
    assert advice in caught.value.hint


def pixels(seed: int) -> str:
    values = np.random.default_rng(seed).integers(0, 256, 48 * 48)
    return " ".join(map(str, values))


def fer_csv(path: Path, header: str) -> None:
    """Nine rows: emotion 0 to 6, of which three Training, then PublicTest and PrivateTest."""
    parts = ["Training"] * 3 + ["PublicTest"] * 3 + ["PrivateTest"] * 3
    rows = [header]
    for number, part in enumerate(parts):
        cells = {"emotion": str(number % 7), "pixels": pixels(number), "Usage": part}
        rows.append(",".join(cells[name.strip()] for name in header.split(",")))
    path.write_text("\n".join(rows) + "\n")


@pytest.mark.parametrize(
    ("file", "header"),
    [("fer2013.csv", "emotion,pixels,Usage"), ("icml_face_data.csv", "emotion, Usage, pixels")],
)
def test_fer2013_csv(tmp_path: Path, file: str, header: str) -> None:
    fer_csv(tmp_path / file, header)
    data_set = load_data_set(tmp_path, SEVEN)
    assert (data_set.format, data_set.split) == ("fer2013", "private-test")
    assert [item.file for item in data_set.items] == [f"{file}:{line}" for line in (8, 9, 10)]
    assert labels_of(data_set) == [6, 0, 1]
    expected = np.array(pixels(6).split(), dtype=np.uint8).reshape(48, 48, 1)
    picture = data_set.items[0].picture
    np.testing.assert_array_equal(picture.decode(picture.read(), "gray"), expected)
    assert picture.decode(picture.read(), "rgb").shape == (48, 48, 3)
    for split, count in (
        ("train", 3),
        ("Training", 3),
        ("public-test", 3),
        ("test", 6),
        ("all", 9),
    ):
        assert len(open_data_set(tmp_path / file, SEVEN, split=split).items) == count
    with pytest.raises(DataSetError, match="no split 'validation'") as caught:
        open_data_set(tmp_path, SEVEN, split="validation")
    assert "public-test" in caught.value.hint


def test_fer2013_labels_follow_the_models_names(tmp_path: Path) -> None:
    fer_csv(tmp_path / "fer2013.csv", "emotion,pixels,Usage")
    alphabetical = Classes(7, tuple(sorted(EMOTIONS)))
    named = open_data_set(tmp_path, alphabetical, split="all")
    words = [EMOTIONS[number % 7] for number in range(9)]
    assert [alphabetical.name(item.label or 0) for item in named.items] == words
    with pytest.raises(DataSetError, match="the model has 6"):
        open_data_set(tmp_path, Classes(6))


def test_damaged_rows_are_named_when_their_turn_comes(tmp_path: Path) -> None:
    path = tmp_path / "fer2013.csv"
    rows = ["0,1 2 3", "9,1 2 3 4", "2,1 2 x 4", "3,1 2 300 4", "4", "5,1 2 3 4"]
    path.write_text("emotion,pixels\n" + "\n".join(rows) + "\n")
    said = []
    for item in load_data_set(path, SEVEN).items:
        try:
            picture = item.picture
            assert picture.decode(picture.read(), "gray").shape == (2, 2, 1)
            said.append("")
        except DataSetError as error:
            said.append(error.message)
    assert "line 2 has 3 pixels" in said[0] and "line 3: emotion '9'" in said[1]
    assert "line 4 has 4 pixels that are not" in said[2] and "pixel 300" in said[3]
    assert "line 6 has 0 pixels" in said[4] and said[5] == ""


def test_kaggles_folders(tmp_path: Path) -> None:
    for emotion in EMOTIONS:
        touch(tmp_path, f"train/{emotion}/Training_1.jpg", f"test/{emotion}/PublicTest_2.jpg")
    touch(tmp_path, "test/sad/PrivateTest_3.jpg")
    data_set = open_data_set(tmp_path, SEVEN)
    assert data_set.split == "test" and len(data_set.items) == 8
    labels = {item.file.split("/")[1]: item.label for item in data_set.items}
    assert labels == {name: index for index, name in enumerate(EMOTIONS)}
    private = open_data_set(tmp_path, SEVEN, split="private-test").items
    assert [item.file for item in private] == ["test/sad/PrivateTest_3.jpg"]
    assert len(open_data_set(tmp_path, SEVEN, split="train").items) == 7
    everything = open_data_set(tmp_path, SEVEN, split="all").items
    assert [item.index for item in everything] == list(range(15))
    with pytest.raises(DataSetError, match="not split"):
        open_data_set(tmp_path / "train", SEVEN, split="test")


def test_packs_faces_by_folder_as_by_manifest(test_data: Path) -> None:
    by_folder = open_data_set(test_data / "fer", SEVEN)
    from_csv = open_data_set(test_data / "manifest_fer.csv", SEVEN)
    labels = {f"fer/{item.file}": item.label for item in by_folder.items}
    assert labels == {item.file: item.label for item in from_csv.items}


def test_unlabelled_test_images_are_not_the_default(tmp_path: Path) -> None:
    touch(tmp_path, "test/ILSVRC2012_test_00000001.JPEG", "val/n01440764/x.JPEG", "train/.keep")
    data_set = open_data_set(tmp_path, SLIM)
    assert data_set.split == "validation" and labels_of(data_set) == [1]


def test_folder_of_several_manifests_asks_which(test_data: Path) -> None:
    with pytest.raises(DataSetError, match="is no data set, but has") as caught:
        open_data_set(test_data, SLIM)
    assert "manifest_" in caught.value.hint


def test_signs_are_drawn_on_demand() -> None:
    classes = Classes(16, CLASS_NAMES)
    one, two = (load_data_set(Path("signs:7"), classes, limit=18) for _ in range(2))
    assert one == two and one.format == "signs" and len({item.sha256 for item in one.items}) == 18
    assert labels_of(one) == [*range(16), 0, 1]
    assert load_data_set(Path("signs:8"), classes, limit=18).digest != one.digest
    picture = one.items[0].picture
    assert isinstance(picture, DrawnSign)
    rgb, gray = (picture.decode(picture.read(), color) for color in ("rgb", "gray"))
    assert rgb.shape[2] == 3 and gray.shape == (*rgb.shape[:2], 1)


@pytest.mark.parametrize(
    ("source", "classes", "complaint"),
    [
        ("signs:x", 16, "no seed"),
        ("signs:101", 16, "trained on pictures of seed 101"),
        ("signs", 7, "the model has 7"),
    ],
)
def test_signs_that_cannot_be_drawn(source: str, classes: int, complaint: str) -> None:
    with pytest.raises(DataSetError, match=complaint):
        open_data_set(Path(source), Classes(classes))


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(
    st.sampled_from([b"emotion,pixels,Usage\n", b"emotion, Usage, pixels\n", b"emotion,pixels\n"]),
    st.lists(
        st.one_of(
            st.binary(max_size=40),
            st.from_regex(
                rb"[0-9]{0,2},( ?[0-9]{1,3}){0,9},(Training|PublicTest|x)?", fullmatch=True
            ),
        ),
        max_size=6,
    ),
)
def test_any_csv_of_faces_is_a_data_set_or_an_error(
    tmp_path: Path, header: bytes, rows: list[bytes]
) -> None:
    path = tmp_path / "fer2013.csv"
    path.write_bytes(header + b"\n".join(rows) + b"\n")
    try:
        for item in load_data_set(path, SEVEN).items:
            picture = item.picture
            with contextlib.suppress(DataSetError):
                shape = picture.decode(picture.read(), "gray").shape
                assert shape[0] == shape[1] and item.label in range(7)
    except DataSetError as error:
        assert error.hint


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(
    st.sampled_from(["val.txt", "LOC_val_solution.csv"]),
    st.one_of(st.binary(max_size=200), st.just(b"9" * 5000)),
)
def test_any_ground_truth_is_read_or_refused(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataSetError):
        read_truth(path)


@pytest.mark.slow
def test_ground_truth_of_endless_numbers(tmp_path: Path) -> None:
    path = tmp_path / "val.txt"
    first = "\n".join(map(str, ILSVRC_IDS))
    path.write_text(first + "\n" + "9" * 5000 + "\n1" * (IMAGES - 11))
    with pytest.raises(DataSetError, match="of image 11"):
        read_truth(path)


def test_rows_are_indexed_not_read_in(tmp_path: Path) -> None:
    fer_csv(tmp_path / "fer2013.csv", "emotion,pixels,Usage")
    pictures = [item.picture for item in open_data_set(tmp_path, SEVEN, split="all").items]
    rows = (tmp_path / "fer2013.csv").read_bytes().splitlines(keepends=True)[1:]
    for picture, row in zip(pictures, rows, strict=True):
        assert isinstance(picture, PixelRow) and picture.size_bytes == len(row)
        assert picture.read() == row
