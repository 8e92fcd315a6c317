"""Preparing ahead: in order, bad images named, errors raised, the thread ended."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from helpers.fake_board import ToyEngine, make_toy_job, toy_model

from mcuzoo.data.images import FilePicture, Item, decode_image
from mcuzoo.data.preprocess import PictureInput
from mcuzoo.errors import MissingExtraError
from mcuzoo.project.recipe import Recipe
from mcuzoo.run.feed import Prepared, Unusable, prepare, prepared_ahead

INPUT = PictureInput(Recipe(), (1, 4, 4, 3))


def made(item: Item) -> Prepared | Unusable:
    return prepare(item, INPUT, ToyEngine())  # type: ignore[arg-type]


def file_of(item: Item) -> Path:
    assert isinstance(item.picture, FilePicture)
    return item.picture.path


def test_prepares_in_order_with_reference(tmp_path: Path) -> None:
    items = make_toy_job(tmp_path, count=12).data_set.items
    ready = list(prepared_ahead(items, made))
    assert [one.item for one in ready] == list(items)
    for one in ready:
        assert isinstance(one, Prepared) and one.reference is not None
        image = decode_image(file_of(one.item).read_bytes(), "rgb", "x")
        np.testing.assert_array_equal(one.tensor, INPUT.tensor(image))
        np.testing.assert_array_equal(one.reference, toy_model(one.tensor))


def test_without_engine_there_is_no_reference(tmp_path: Path) -> None:
    item = make_toy_job(tmp_path).data_set.items[0]
    ready = prepare(item, INPUT, None)
    assert isinstance(ready, Prepared) and ready.reference is None


def test_bad_images_are_named_and_passed_over(tmp_path: Path) -> None:
    items = make_toy_job(tmp_path, count=4).data_set.items
    file_of(items[1]).write_bytes(file_of(items[0]).read_bytes())
    file_of(items[2]).unlink()
    ready = list(prepared_ahead(items, made))
    reasons = [one.reason if isinstance(one, Unusable) else None for one in ready]
    assert reasons[0] is None and reasons[3] is None
    assert reasons[1] is not None and "has changed" in reasons[1]
    assert reasons[2] is not None and "cannot be read" in reasons[2]


def test_other_errors_are_raised_where_the_run_is(tmp_path: Path) -> None:
    items = make_toy_job(tmp_path).data_set.items

    def fails(item: Item) -> Prepared:
        raise MissingExtraError("Decoding images needs pillow.", "pip install pillow")

    with pytest.raises(MissingExtraError):
        list(prepared_ahead(items, fails))


def test_never_far_ahead_and_gone_when_closed(tmp_path: Path) -> None:
    items = make_toy_job(tmp_path, count=30).data_set.items
    begun: list[int] = []

    def counted(item: Item) -> Prepared | Unusable:
        begun.append(item.index)
        return made(item)

    feed = prepared_ahead(items, counted)
    next(feed)
    feed.close()
    assert 1 <= len(begun) <= 5
    assert not [t for t in threading.enumerate() if t.name.startswith("mcuzoo-feed")]
