"""Labels: indices, names, ranges, and the 1000-against-1001 trap."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcuzoo.data.labels import Classes, load_classes
from mcuzoo.errors import DataSetError

NAMED = Classes(3, ("stop", "Yield", "42 km"))


@pytest.mark.parametrize(
    ("label", "index"), [("0", 0), (" 2 ", 2), ("stop", 0), ("yield", 1), ("42 km", 2)]
)
def test_label_means_a_class(label: str, index: int) -> None:
    assert NAMED.index_of(label, "here") == index


def test_unknown_name_offers_a_similar_one() -> None:
    with pytest.raises(DataSetError, match=r"row 7: the model has no class 'stpo'") as caught:
        NAMED.index_of("stpo", "row 7")
    assert "Did you mean 'stop'?" in caught.value.hint


def test_name_without_known_names() -> None:
    with pytest.raises(DataSetError, match="names are not known") as caught:
        Classes(3).index_of("stop", "here")
    assert "--labels" in caught.value.hint


@pytest.mark.parametrize("label", ["3", "-1", "999999999"])
def test_index_out_of_range(label: str) -> None:
    with pytest.raises(DataSetError, match=r"out of range, the model has classes 0\.\.2"):
        NAMED.index_of(label, "here")


@given(st.text(max_size=20))
def test_any_text_is_a_class_or_a_data_set_error(label: str) -> None:
    try:
        assert 0 <= NAMED.index_of(label, "here") < 3
    except DataSetError as error:
        assert error.message.startswith("here: ")


def test_1001_labels_on_a_model_of_1000() -> None:
    with pytest.raises(DataSetError) as caught:
        Classes(1000).index_of("1000", "here")
    assert "subtract 1" in caught.value.hint


def test_labels_file(tmp_path: Path) -> None:
    file = tmp_path / "labels.txt"
    file.write_bytes("\ufeffstop\r\nyield \ngo\n\n".encode())
    assert load_classes(file, 3) == Classes(3, ("stop", "yield", "go"))
    assert load_classes(None, 3) == Classes(3)
    with pytest.raises(DataSetError, match="names 3 classes, the model has 4"):
        load_classes(file, 4)


@pytest.mark.parametrize(
    ("lines", "classes", "advice"), [(1000, 1001, "'background'"), (1001, 1000, "subtract 1")]
)
def test_labels_file_off_by_one(tmp_path: Path, lines: int, classes: int, advice: str) -> None:
    file = tmp_path / "labels.txt"
    file.write_text("".join(f"class {n}\n" for n in range(lines)))
    with pytest.raises(DataSetError) as caught:
        load_classes(file, classes)
    assert advice in caught.value.hint


def test_unreadable_labels_file(tmp_path: Path) -> None:
    with pytest.raises(DataSetError, match="cannot be read"):
        load_classes(tmp_path / "gone.txt", 3)
    binary = tmp_path / "model.tflite"
    binary.write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(DataSetError, match="cannot be read"):
        load_classes(binary, 3)


def test_blank_lines_of_a_labels_file(tmp_path: Path) -> None:
    path = tmp_path / "labels.txt"
    for empty in ("", "\n", " \n\t\n", "\ufeff\n"):
        path.write_text(empty, encoding="utf-8")
        with pytest.raises(DataSetError, match="is empty"):
            load_classes(path, 1)
    path.write_text("\na\n\nb\r\n\n")
    assert load_classes(path, 2).names == ("a", "b")
    path.write_text("a\n\nb\n")
    with pytest.raises(DataSetError, match="line 2 is blank"):
        load_classes(path, 3)
    with pytest.raises(DataSetError, match="names 2 classes, the model has 4"):
        load_classes(path, 4)
