"""A model of two layers that exports and builds in a moment."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from helpers.tflite_builder import conv_model

from mcuzoo.project.recipe import Recipe
from mcuzoo.zoo.registry import ModelSource


def small_source(folder: Path, with_assets: bool = True) -> ModelSource:
    """A CONV_2D of an 8 x 8 RGB image as `folder`/small.tflite, with labels and one sample."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(3)
    weights = random.integers(-127, 128, (4, 3, 3, 3), dtype=np.int8)
    bias = random.integers(-500, 500, 4, dtype=np.int32)
    model = folder / "small.tflite"
    model.write_bytes(conv_model((1, 8, 8, 3), weights, bias, stride=(2, 2)))
    if not with_assets:
        return ModelSource("small", model, Recipe(crop=0.875))
    samples = folder / "samples"
    samples.mkdir(exist_ok=True)
    (samples / "manifest.csv").write_text("file,label\none.jpg,0\n")
    (samples / "one.jpg").write_bytes(b"\xff\xd8 not looked at by an export \xff\xd9")
    return ModelSource("small", model, Recipe(crop=0.875), ("stop", "go"), samples)
