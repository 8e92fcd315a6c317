"""Visual Wake Words: two folders of pictures, however they and the model's outputs are called."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcuzoo.data.dataset import open_data_set
from mcuzoo.data.labels import Classes
from mcuzoo.errors import DataSetError


def folder_of(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).mkdir(parents=True)
        (root / name / "COCO_train2014_000000000000.jpg").write_bytes(b"")
    return root


def labels(folder: Path, classes: Classes) -> list[int | None]:
    return [item.label for item in open_data_set(folder, classes).items]


@pytest.mark.parametrize("absent", ["non_person", "Not-Person", "no person", "notperson"])
def test_no_person_is_first_unless_the_model_says_otherwise(tmp_path: Path, absent: str) -> None:
    folder = folder_of(tmp_path, absent, "person")
    assert labels(folder, Classes(2)) == [0, 1]
    assert labels(folder, Classes(2, ("non-person", "person"))) == [0, 1]
    assert labels(folder, Classes(2, ("Person", "Not a person"))) == [1, 0]


def test_an_output_that_is_neither_counts(tmp_path: Path) -> None:
    # TFLite-Micro's first person_detect had a third output.
    folder = folder_of(tmp_path, "non_person", "person")
    assert labels(folder, Classes(3, ("unused", "person", "notperson"))) == [2, 1]
    with pytest.raises(DataSetError, match="the model has 3"):
        open_data_set(folder, Classes(3))


def test_splits_of_the_two_folders(tmp_path: Path) -> None:
    for split in ("train", "val"):
        folder_of(tmp_path / split, "non_person", "person")
    found = open_data_set(tmp_path, Classes(2))
    assert found.split == "validation"
    assert [item.label for item in found.items] == [0, 1]
