"""A recipe is carried out as the library that it names does it, to the byte."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from helpers.examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageOps

from mcuzoo.data.apply import apply, input_size, pixels, quantized, real_levels
from mcuzoo.data.resize import resize
from mcuzoo.errors import DataSetError, ProjectError
from mcuzoo.graph.affine import quantize
from mcuzoo.graph.model import Quantization
from mcuzoo.project.recipe import (
    FITS,
    KERNELS,
    LIBRARIES,
    NORMALIZATIONS,
    Kernel,
    Recipe,
    normalized,
)

sides = st.integers(1, 60)


@st.composite
def pictures(draw: st.DrawFn, channels: int | None = None) -> NDArray[np.uint8]:
    shape = draw(sides), draw(sides), channels or draw(st.sampled_from((1, 3)))
    seed = draw(st.integers(0, 2**32 - 1))
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@given(pictures(), sides, sides, st.sampled_from(KERNELS))
def test_pillow_resizes(
    picture: NDArray[np.uint8], height: int, width: int, kernel: Kernel
) -> None:
    recipe = Recipe(resize=kernel, library="pillow")
    method = Image.Resampling["BOX" if kernel == "area" else kernel.upper()]
    one = Image.fromarray(picture.squeeze(2) if picture.shape[2] == 1 else picture)
    expected = np.array(one.resize((width, height), method)).reshape(height, width, -1)
    np.testing.assert_array_equal(resize(picture, recipe, height, width), expected)


@given(pictures(), sides, sides, st.sampled_from(KERNELS))
def test_opencv_resizes(
    picture: NDArray[np.uint8], height: int, width: int, kernel: Kernel
) -> None:
    method = {
        "nearest": cv2.INTER_NEAREST,
        "bilinear": cv2.INTER_LINEAR,
        "area": cv2.INTER_AREA,
        "bicubic": cv2.INTER_CUBIC,
        "lanczos": cv2.INTER_LANCZOS4,
    }[kernel]
    made = resize(picture, Recipe(resize=kernel), height, width)
    expected = cv2.resize(picture, (width, height), interpolation=method)
    np.testing.assert_array_equal(made, expected.reshape(height, width, -1))


@pytest.fixture(scope="module")
def tensorflow() -> Any:
    return pytest.importorskip("tensorflow")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kernel", "antialias"),
    [
        ("nearest", None),
        ("bilinear", False),
        ("bilinear", True),
        ("area", None),
        ("bicubic", False),
        ("bicubic", True),
        ("lanczos", False),
        ("lanczos", True),
    ],
)
def test_tensorflow_resizes(tensorflow: Any, kernel: Kernel, antialias: bool | None) -> None:
    recipe = Recipe(resize=kernel, library="tensorflow", antialias=antialias)
    method = "lanczos3" if kernel == "lanczos" else kernel

    @settings(max_examples=examples(25), deadline=None)
    @given(pictures(), sides, sides)
    def equal(picture: NDArray[np.uint8], height: int, width: int) -> None:
        expected = tensorflow.image.resize(
            picture, (height, width), method=method, antialias=bool(antialias)
        ).numpy()
        made = resize(picture, recipe, height, width)
        assert made.dtype == expected.dtype
        np.testing.assert_array_equal(made, expected)

    equal()


@given(pictures(3), sides, sides)
def test_pillow_letterbox(picture: NDArray[np.uint8], height: int, width: int) -> None:
    recipe = Recipe(fit="letterbox", library="pillow", fill=(9, 8, 7), resize="bicubic")
    one = Image.fromarray(picture)
    if min(ImageOps.contain(one, (width, height)).size, default=0) < 1:
        return
    expected = ImageOps.pad(one, (width, height), Image.Resampling.BICUBIC, color=(9, 8, 7))
    size = input_size((1, height, width, 3)) if height and width else None
    assert size is not None
    np.testing.assert_array_equal(pixels(recipe, picture, size), np.array(expected))


@pytest.mark.slow
def test_tensorflow_letterbox(tensorflow: Any) -> None:
    recipe = Recipe(fit="letterbox", library="tensorflow")
    random = np.random.default_rng(5)
    for _ in range(40):
        rows, columns, height, width = random.integers(8, 90, 4)
        picture = random.integers(0, 256, (rows, columns, 3), dtype=np.uint8)
        expected = tensorflow.image.resize_with_pad(picture, height, width).numpy()
        made = pixels(recipe, picture, input_size((1, int(height), int(width), 3)))
        np.testing.assert_array_equal(made, expected)


def test_short_side_is_torchvision_s() -> None:
    """Resize(256), CenterCrop(224) of a 500x375 picture: 341x256, 16 off the top, 58 off the left
    (round(117 / 2), halves to even)."""
    picture = np.random.default_rng(1).integers(0, 256, (375, 500, 3), dtype=np.uint8)
    recipe = Recipe(fit="short-side", short_side=256, library="pillow")
    whole = np.array(Image.fromarray(picture).resize((341, 256), Image.Resampling.BILINEAR))
    made = pixels(recipe, picture, input_size((1, 224, 224, 3)))
    np.testing.assert_array_equal(made, whole[16:240, 58:282])


def test_cover_is_the_central_part_of_the_input_s_shape() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (40, 100, 3), dtype=np.uint8)
    made = pixels(Recipe(fit="cover"), picture, input_size((1, 20, 20, 3)))
    expected = cv2.resize(picture[:, 30:70], (20, 20), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_array_equal(made, expected)


@given(
    pictures(3),
    st.sampled_from(FITS),
    st.sampled_from(LIBRARIES),
    st.sampled_from(KERNELS),
    st.sampled_from(NORMALIZATIONS),
    st.sampled_from(("rgb", "bgr")),
)
def test_every_recipe_gives_the_shape_of_the_model(
    picture: NDArray[np.uint8], fit: Any, library: Any, kernel: Any, name: str, color: Any
) -> None:
    recipe = Recipe(
        fit=fit, short_side=33 if fit == "short-side" else None, library=library, resize=kernel
    )
    recipe = replace(normalized(recipe, name), color=color)
    for shape, expected in (((1, 17, 33, 3), (17, 33, 3)), ((1, 3, 17, 33), (3, 17, 33))):
        tensor = apply(recipe, picture, shape, 0.02, 3)
        assert tensor.shape == expected and tensor.dtype == np.int8


@given(pictures(3))
def test_orders_of_colours_and_axes(picture: NDArray[np.uint8]) -> None:
    rgb = apply(Recipe(), picture, (1, 6, 5, 3), 1.0, 0)
    bgr = apply(Recipe(color="bgr"), picture, (1, 6, 5, 3), 1.0, 0)
    np.testing.assert_array_equal(bgr, rgb[:, :, ::-1])
    chw = apply(Recipe(), picture, (1, 3, 6, 5), 1.0, 0)
    np.testing.assert_array_equal(chw, rgb.transpose(2, 0, 1))
    gray = apply(Recipe(color="gray"), picture, (1, 6, 5, 1), 1.0, 0)
    flat = apply(Recipe(color="gray"), picture, (1, 6, 5), 1.0, 0)
    np.testing.assert_array_equal(gray[:, :, 0], flat)
    one = np.array(Image.fromarray(picture).convert("L"))[:, :, None]
    np.testing.assert_array_equal(gray, apply(Recipe(color="gray"), one, (6, 5, 1), 1.0, 0))


def test_fill_is_in_the_order_of_the_colours() -> None:
    picture = np.zeros((4, 8, 3), np.uint8)
    for color, fill in (("rgb", (1, 2, 3)), ("bgr", (3, 2, 1))):
        recipe = Recipe(color=color, fit="letterbox", fill=fill)  # type: ignore[arg-type]
        made = pixels(recipe, picture, input_size((1, 8, 8, 3)))
        assert made[0, 0].tolist() == list(fill)


@given(
    st.sampled_from([name for name in NORMALIZATIONS if name != "pixel"]),
    st.floats(1e-3, 4.0),
    st.integers(-128, 127),
)
def test_normalized_values_are_quantized_as_tflite_does(
    name: str, scale: float, zero_point: int
) -> None:
    recipe = normalized(Recipe(), name)
    picture = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, axis=2)
    picture[:, :, 1] = picture[::-1, :, 1]
    made = quantized(recipe, picture, scale, zero_point)
    real = np.stack([real_levels(recipe)[picture[..., c], c] for c in range(3)], axis=2)
    ends = Quantization(np.array([scale], np.float32), np.array([zero_point]))
    np.testing.assert_array_equal(made.tensor, quantize(real, ends))
    steps = np.round(real / np.float32(scale)) + zero_point
    assert made.clipped == pytest.approx(
        np.mean((steps < -128) | (steps > 127)), abs=6 / picture.size
    )


def test_usual_normalizations() -> None:
    """As Keras' preprocess_input and torchvision's Normalize compute them."""
    expected = {
        "raw": (0.0, 255.0),
        "unit": (0.0, 1.0),
        "tf": (-1.0, 1.0),
        "torch": (-0.485 / 0.229, (1 - 0.485) / 0.229),
        "caffe": (-103.939, 255 - 103.939),
    }
    for name, ends in expected.items():
        levels = real_levels(normalized(Recipe(), name))
        assert levels[[0, 255], 0] == pytest.approx(ends, rel=1e-6)
    assert normalized(Recipe(), "caffe").color == "bgr"


@pytest.mark.parametrize("shape", [(1, 8, 8, 4), (2, 8, 8, 3), (8,), (1, 5, 8, 8, 3), (1, 10)])
def test_shapes_that_are_no_picture(shape: tuple[int, ...]) -> None:
    with pytest.raises(ProjectError):
        input_size(shape)


def test_what_does_not_fit_together() -> None:
    picture = np.zeros((4, 4, 3), np.uint8)
    with pytest.raises(ProjectError, match="takes 1") as refused:
        apply(Recipe(), picture, (1, 8, 8, 1), 1.0, 0)
    assert refused.value.hint == "--color gray"
    short = Recipe(fit="short-side", short_side=7)
    with pytest.raises(ProjectError, match="less than the model's input"):
        apply(short, picture, (1, 8, 8, 3), 1.0, 0)
    narrow = np.zeros((2, 2_000_000, 3), np.uint8)
    with pytest.raises(DataSetError, match="too narrow"):
        apply(replace(short, short_side=256), narrow, (1, 8, 8, 3), 1.0, 0)
