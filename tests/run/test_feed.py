"""Preparing ahead: in order, bad images named, errors raised, the thread ended."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from helpers.fake_board import ToyEngine, make_toy_job, toy_model

from mcuzoo.data.images import Item, decode_image
from mcuzoo.data.preprocess import preprocess
from mcuzoo.errors import MissingExtraError
from mcuzoo.project.manifest import Preprocessing
from mcuzoo.run.feed import Prepared, Unusable, prepare, prepared_ahead

RECIPE = Preprocessing(crop=1.0)
SHAPE = (1, 4, 4, 3)


def made(item: Item) -> Prepared | Unusable:
    return prepare(item, RECIPE, SHAPE, ToyEngine())  # type: ignore[arg-type]


def test_prepares_in_order_with_reference(tmp_path: Path) -> None:
    items = make_toy_job(tmp_path, count=12).data_set.items
    ready = list(prepared_ahead(items, made))
    assert [one.item for one in ready] == list(items)
    for one in ready:
        assert isinstance(one, Prepared) and one.reference is not None
        image = decode_image(one.item.picture.path.read_bytes(), "rgb", "x")
        np.testing.assert_array_equal(one.tensor, preprocess(image, RECIPE, SHAPE))
        np.testing.assert_array_equal(one.reference, toy_model(one.tensor))


def test_without_engine_there_is_no_reference(tmp_path: Path) -> None:
    item = make_toy_job(tmp_path).data_set.items[0]
    ready = prepare(item, RECIPE, SHAPE, None)
    assert isinstance(ready, Prepared) and ready.reference is None


def test_bad_images_are_named_and_passed_over(tmp_path: Path) -> None:
    items = make_toy_job(tmp_path, count=4).data_set.items
    items[1].picture.path.write_bytes(items[0].picture.path.read_bytes())
    items[2].picture.path.unlink()
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
    feed = prepared_ahead(items, lambda item: (begun.append(item.index), made(item))[1])
    next(feed)
    feed.close()
    assert 1 <= len(begun) <= 5
    assert not [t for t in threading.enumerate() if t.name.startswith("mcuzoo-feed")]
