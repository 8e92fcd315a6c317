"""One probability and a grid of cells, from the model file to figures, text and JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import tflite_builder as build
from helpers.commands import invoke
from PIL import Image

IMAGE = (1, 4, 4, 1)


def saved(path: Path, raw: bytes) -> Path:
    path.write_bytes(raw)
    return path


def brightness(path: Path) -> Path:
    """One probability, above one half for pictures that are brighter than 128."""
    tensors = [
        build.T("in", IMAGE, scale=1 / 32),
        build.T("axes", (2,), "int32", data=np.array([1, 2], np.int32)),
        build.T("mean", (1, 1), scale=1 / 32),
        build.T("out", (1, 1), scale=1 / 256, zero_point=-128),
    ]
    ops = [
        build.O("MEAN", (0, 1), (2,), {"keep_dims": False}),
        build.O("LOGISTIC", (2,), (3,)),
    ]
    return saved(path, build.build_model(tensors, ops, [0], [3]))


def spots(path: Path) -> Path:
    """A grid of 4x4 cells: class 1 where the picture is bright, else background."""
    weights = np.array([[[[-100]]], [[[100]]]], np.int8)
    tensors = [
        build.T("in", IMAGE, scale=1 / 32),
        build.T("weights", weights.shape, scale=0.01, data=weights),
        build.T("logits", (1, 4, 4, 2), scale=1 / 16),
        build.T("out", (1, 4, 4, 2), scale=1 / 256, zero_point=-128),
    ]
    convolution = {"padding": "SAME", "stride_h": 1, "stride_w": 1}
    ops = [
        build.O("CONV_2D", (0, 1), (2,), convolution),
        build.O("SOFTMAX", (2,), (3,), {"beta": 1.0}),
    ]
    return saved(path, build.build_model(tensors, ops, [0], [3]))


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Class 0: dark. Class 1: less dark, with a column of three that make it bright on average."""
    for label in (0, 1):
        folder = tmp_path / "images" / str(label)
        folder.mkdir(parents=True)
        pixels = np.full((4, 4), 100, np.uint8)
        if label:
            pixels[:] = 120
            pixels[1:, 2] = 255
        Image.fromarray(pixels).save(folder / "one.png")
    return tmp_path / "images"


def evaluated(model: Path, images: Path, *words: str) -> str:
    done = invoke(["evaluate", str(model), "--data", str(images), "--jobs", "1", *words])
    assert done.exit_code == 0, done.output
    return str(done.stdout)


def test_one_probability_is_two_classes(tmp_path: Path, images: Path) -> None:
    model = brightness(tmp_path / "bright.tflite")
    found: dict[str, Any] = json.loads(evaluated(model, images, "--json"))
    assert "two classes" in found["output"]
    assert (found["top1"], found["top5"]) == (1.0, None)
    assert [one["top1"] for one in found["predictions"]] == [0, 1]
    assert all(one["score"] > 0.5 for one in found["predictions"])
    assert "output      one output: two classes" in evaluated(model, images)


def test_a_grid_names_its_cells(tmp_path: Path, images: Path) -> None:
    model = spots(tmp_path / "spots.tflite")
    found: dict[str, Any] = json.loads(evaluated(model, images, "--json"))
    assert found["output"].startswith("4x4 cells") and found["top1"] == 1.0
    dark, spotted = found["predictions"]
    assert dark["top1"] == 0 and "cells" not in dark
    assert spotted["top1"] == 1
    assert [(cell["row"], cell["column"]) for cell in spotted["cells"]] == [(1, 2), (2, 2), (3, 2)]
    assert "at 1,2 2,2 3,2" in evaluated(model, images)
