"""Which mistake made a tensor: told exactly, and told from a picture that was resized elsewhere."""

from __future__ import annotations

import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from helpers.examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from mcuzoo.data.apply import quantized
from mcuzoo.data.doctor.diagnosis import Diagnosis, diagnose
from mcuzoo.data.doctor.tensor import pixels_of, read_tensor, tensor_facts, write_tensor
from mcuzoo.data.doctor.ways import VALUE_MAPS, VALUE_MISTAKES
from mcuzoo.data.preprocess import PictureInput
from mcuzoo.errors import InputError
from mcuzoo.project.recipe import Recipe, normalized
from mcuzoo.report.picture import terminal_picture, write_png

RECIPE = Recipe(crop=0.875)
WHOLE = Recipe(crop=1.0)
SIZE = (24, 24, 3)


def photograph(seed: int = 0, height: int = 60, width: int = 80) -> NDArray[np.uint8]:
    """Smooth colours with black and white patches, as skies and lamps are."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    picture = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    picture[5:20, 30:50] = 255
    picture[40:50, 10:30] = 0
    return np.asarray(picture, dtype=np.uint8)


def names(image: NDArray[np.uint8], tensor: NDArray[np.int8], preprocessing: Recipe) -> list[str]:
    return [mistake.name for mistake in diagnose(image, tensor, preprocessing).mistakes]


def pixels(image: NDArray[np.uint8], preprocessing: Recipe = RECIPE) -> NDArray[np.int16]:
    return PictureInput(preprocessing, SIZE).tensor(image).astype(np.int16) + 128


def test_the_right_tensor_has_nothing_wrong() -> None:
    image = photograph()
    found = diagnose(image, PictureInput(RECIPE, SIZE).tensor(image), RECIPE)
    assert found.exact and found.mistakes == () and not found.foreign


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (lambda p: (p - 127).astype(np.int8), ["p-127", "wrap-p-127"]),
        (lambda p: np.clip(p - 127, -128, 127).astype(np.int8), ["p-127"]),
        (lambda p: (np.where(p == 255, 0, p) - 128).astype(np.int8), ["wrap-255"]),
        (lambda p: p.astype(np.uint8).view(np.int8), ["no-offset"]),
    ],
)
@pytest.mark.parametrize("bgr", [False, True])
def test_each_published_mistake_is_named(values: object, expected: list[str], bgr: bool) -> None:
    assert callable(values)
    image = photograph(1)
    made = pixels(image)[:, :, ::-1] if bgr else pixels(image)
    found = diagnose(image, values(made), RECIPE)
    assert found.exact
    assert [mistake.name for mistake in found.mistakes] == (["bgr"] if bgr else []) + expected


def test_crop_and_resize_are_told() -> None:
    image = photograph(2)
    assert names(image, PictureInput(WHOLE, SIZE).tensor(image), RECIPE) == ["crop"]
    antialiased = np.array(Image.fromarray(image).resize((24, 24), Image.Resampling.BILINEAR))
    tensor = (antialiased.astype(np.int16) - 128).astype(np.int8)
    assert names(image, tensor, WHOLE) == ["resize"]


def test_gray_pictures_have_no_channel_order() -> None:
    image = photograph(3)[:, :, :1]
    preprocessing = Recipe(color="gray")
    tensor = PictureInput(preprocessing, (24, 24, 1)).tensor(image)
    assert names(image, tensor, preprocessing) == []
    made = tensor.astype(np.int16) + 128
    assert names(image, (made - 127).astype(np.int8), preprocessing) == ["p-127", "wrap-p-127"]


@settings(max_examples=examples(25), deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["", "p-127", "wrap-255"]), st.booleans())
def test_mistakes_show_through_another_resizer(seed: int, mistake: str, bgr: bool) -> None:
    image = photograph(seed, 120, 160)
    other = np.array(Image.fromarray(image).resize((24, 24), Image.Resampling.HAMMING))
    made = other.astype(np.int16)[:, :, ::-1] if bgr else other.astype(np.int16)
    tensor = {
        "": lambda: (made - 128).astype(np.int8),
        "p-127": lambda: (made - 127).astype(np.int8),
        "wrap-255": lambda: (np.where(made == 255, 0, made) - 128).astype(np.int8),
    }[mistake]()
    found = diagnose(image, tensor, WHOLE)
    told = {one.name for one in found.mistakes}
    assert not found.exact and not found.foreign
    assert ("bgr" in told) is bgr
    assert ("p-127" in told) is (mistake == "p-127")
    assert ("wrap-255" in told) is (mistake == "wrap-255")


NORMALIZED = normalized(WHOLE, "torch")
STEP, ZERO = 0.0187, -14


def elsewhere(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Resized by a program that is not among those that are tried."""
    return np.array(Image.fromarray(image).resize((24, 24), Image.Resampling.HAMMING))


@pytest.mark.parametrize("mistake", ["", "not-normalized", "no-offset"])
@pytest.mark.parametrize("bgr", [False, True])
def test_mistakes_of_a_normalized_input_show_through_another_resizer(
    mistake: str, bgr: bool
) -> None:
    image = photograph(6, 120, 160)
    made = elsewhere(image)[:, :, ::-1] if bgr else elsewhere(image)
    tensors: dict[str, NDArray[np.int8]] = {
        "": quantized(NORMALIZED, made, STEP, ZERO).tensor,
        "not-normalized": (made.astype(np.int16) - 128).astype(np.int8),
        "no-offset": made.astype(np.int8),
    }
    tensor = tensors[mistake]
    found = diagnose(image, tensor, NORMALIZED, STEP, ZERO)
    assert not found.exact and not found.foreign
    told = [one.name for one in found.mistakes]
    assert told == (["bgr"] if bgr else []) + ([mistake] if mistake else [])


def test_another_picture_is_called_so_where_it_is_normalized() -> None:
    tensor = quantized(NORMALIZED, elsewhere(photograph(5)), STEP, ZERO).tensor
    found = diagnose(photograph(4), tensor, NORMALIZED, STEP, ZERO)
    assert found.foreign and found.wrong and not found.exact and found.mistakes == ()


def test_what_a_picture_cannot_show_is_not_told() -> None:
    """Gray has no order of channels, nor has what is nearly gray; all of a square is a square."""
    shades = photograph(7, 120, 120)[:, :, :1].repeat(3, axis=2)
    right = (elsewhere(shades).astype(np.int16) - 128).astype(np.int8)
    found = diagnose(shades, right, WHOLE)
    assert not found.exact and not found.wrong
    assert doubts(found) & {"bgr", "crop"} == set()
    tinted = np.clip(shades, 0, 245)
    tinted[:, :, 0] += 5
    right = (elsewhere(tinted).astype(np.int16) - 128).astype(np.int8)
    found = diagnose(tinted, right, WHOLE)
    assert not found.wrong and "bgr" in doubts(found)


def doubts(found: Diagnosis) -> set[str]:
    return {one.name for doubt in found.undecided for mistakes in doubt for one in mistakes}


@settings(max_examples=examples(40), deadline=None)
@given(st.data())
def test_nothing_false_is_told_whoever_resized_the_picture(data: st.DataObject) -> None:
    """Also of pictures with little to go by: few colours, no white, hard edges, lossy copies."""
    seed = data.draw(st.integers(0, 10_000))
    random = np.random.default_rng(seed)
    image = photograph(seed, int(random.integers(30, 200)), int(random.integers(50, 200)))
    image = (image // (levels := data.draw(st.sampled_from([1, 1, 64, 255])))) * levels
    if data.draw(st.booleans()):
        _, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 80])
        copy = np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_UNCHANGED), dtype=np.uint8)
    else:
        copy = image
    way = data.draw(st.sampled_from(["HAMMING", "BOX", "cut off", "cubic"]))
    if way == "cut off":
        resized = cv2.resize(copy.astype(np.float32), (24, 24), interpolation=cv2.INTER_LINEAR)
    elif way == "cubic":
        resized = cv2.resize(copy, (24, 24), interpolation=cv2.INTER_CUBIC)
    else:
        method = getattr(Image.Resampling, way)
        resized = np.array(Image.fromarray(copy).resize((24, 24), method))
    made = np.asarray(resized).astype(np.int16)
    truth = set()
    if data.draw(st.booleans()):
        truth |= set() if np.array_equal(made, made[:, :, ::-1]) else {"bgr"}
        made = made[:, :, ::-1]
    mistake = data.draw(st.sampled_from(["", "p-127", "wrap-255", "no-offset"]))
    truth |= {mistake} - {""} | ({"wrap-p-127"} if mistake == "p-127" else set())
    tensor = {
        "": lambda: (made - 128).astype(np.int8),
        "p-127": lambda: (made - 127).astype(np.int8),
        "wrap-255": lambda: (np.where(made == 255, 0, made) - 128).astype(np.int8),
        "no-offset": lambda: made.astype(np.uint8).view(np.int8),
    }[mistake]()
    found = diagnose(image, tensor, WHOLE)
    told = {one.name for one in found.mistakes}
    if not found.exact:
        assert told <= truth
        if not found.foreign and copy is image:
            assert truth - {"wrap-p-127", "wrap-255"} <= told | doubts(found)


@settings(max_examples=examples(100), deadline=None)
@given(
    st.lists(st.sampled_from([0, 1, 128, 254, 255]), min_size=12, max_size=12),
    st.sampled_from(sorted(VALUE_MAPS)),
    st.booleans(),
)
def test_what_several_mistakes_would_explain_is_left_open(
    values: list[int], used: str, bgr: bool
) -> None:
    """Pictures of four pixels: often BGR is RGB, and only white tells some mistakes apart."""
    image = np.array(values, np.uint8).reshape(2, 2, 3)
    made = image[:, :, ::-1] if bgr else image
    found = diagnose(image, VALUE_MAPS[used][made], WHOLE)
    truth = {one.name for one in VALUE_MISTAKES[used]} | ({"bgr"} if bgr else set())
    told = {one.name for one in found.mistakes}
    assert found.exact and told <= truth
    right = np.array_equal(PictureInput(WHOLE, (2, 2, 3)).tensor(image), VALUE_MAPS[used][made])
    assert found.wrong is not right
    assert all(
        {one.name for one in mistakes}.isdisjoint(told) for mistakes in sum(found.undecided, ())
    )


def test_all_white_and_black_leaves_the_mistake_open() -> None:
    image = np.full((2, 2, 3), 255, np.uint8)
    found = diagnose(image, np.full((2, 2, 3), -128, np.int8), WHOLE)
    assert found.exact and found.mistakes == () and found.wrong
    (doubt,) = found.undecided
    assert [[one.name for one in mistakes] for mistakes in doubt] == [
        ["wrap-255"],
        ["p-127", "wrap-p-127"],
    ]


def test_another_picture_is_called_so() -> None:
    found = diagnose(photograph(4), PictureInput(RECIPE, SIZE).tensor(photograph(5)), RECIPE)
    assert found.foreign and not found.exact


def test_facts_are_those_of_the_bytes() -> None:
    tensor = PictureInput(RECIPE, SIZE).tensor(photograph())
    facts = tensor_facts(tensor)
    assert facts.crc32 == zlib.crc32(tensor.tobytes())
    assert facts.low == int((tensor == -128).sum()) and facts.high == int((tensor == 127).sum())
    assert facts.means == pytest.approx(tensor.reshape(-1, 3).mean(axis=0))


def test_png_shows_every_pixel_as_a_square(tmp_path: Path) -> None:
    shown = pixels_of(PictureInput(RECIPE, SIZE).tensor(photograph()))
    write_png(shown, tmp_path / "seen.png")
    enlarged = np.array(Image.open(tmp_path / "seen.png"))
    assert enlarged.shape == (504, 504, 3)
    np.testing.assert_array_equal(enlarged[::21, ::21], shown)
    np.testing.assert_array_equal(enlarged[20::21, 20::21], shown)
    with pytest.raises(InputError, match="cannot be written"):
        write_png(shown, tmp_path / "gone" / "seen.png")


def test_terminal_shows_two_rows_a_line() -> None:
    shown = np.arange(5 * 4 * 3, dtype=np.uint8).reshape(5, 4, 3)
    lines = terminal_picture(shown, 80).splitlines()
    assert len(lines) == 3 and all(line.count("▀") == 4 for line in lines)
    assert "\x1b[38;2;0;1;2;48;2;12;13;14m▀" in lines[0]
    assert lines[2].count(";48;2;0;0;0m") == 4
    assert [line.count("▀") for line in terminal_picture(shown, 2).splitlines()] == [2, 2]


@pytest.mark.parametrize("suffix", [".npy", ".bin"])
def test_tensor_files_come_back(tmp_path: Path, suffix: str) -> None:
    tensor = PictureInput(RECIPE, SIZE).tensor(photograph())
    write_tensor(tmp_path / f"t{suffix}", tensor)
    np.testing.assert_array_equal(read_tensor(tmp_path / f"t{suffix}", SIZE), tensor)


def test_unsigned_files_hold_pixels(tmp_path: Path) -> None:
    tensor = PictureInput(RECIPE, SIZE).tensor(photograph())
    np.save(tmp_path / "t.npy", pixels_of(tensor))
    np.testing.assert_array_equal(read_tensor(tmp_path / "t.npy", SIZE), tensor)


@settings(max_examples=examples(50), deadline=None)
@given(st.lists(st.integers(-128, 127), min_size=12, max_size=12), st.booleans(), st.booleans())
def test_c_arrays_are_read(
    tmp_path_factory: pytest.TempPathFactory, values: list[int], signed: bool, in_hex: bool
) -> None:
    path = tmp_path_factory.mktemp("c") / "image.h"
    bytes_ = values if signed else [value & 255 for value in values]
    words = [f"0x{value & 255:02X}u" if in_hex else str(value) for value in bytes_]
    kind = "int8_t" if signed else "const uint8_t"
    path.write_text(
        "#define N 12 /* 1, 2 */\nstatic const int other[2] = {1, 2};\n"
        f"static {kind} image_data[N] = {{ // all {{of}} them\n  {', '.join(words)},\n}};\n"
    )
    expected = np.array(bytes_, np.int16).astype(np.int8)
    if not signed:
        expected = (np.array(bytes_, np.int16) - 128).astype(np.int8)
    np.testing.assert_array_equal(read_tensor(path, (2, 2, 3)).reshape(-1), expected)


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("a.bin", b"x" * 11, "11 values"),
        ("a.h", b"const char a[3] = {1, 2, 3};", "0 arrays of 12"),
        ("a.h", b"char a[] = {" + b"1," * 12 + b"}; char b[] = {" + b"1," * 12 + b"};", "2 arrays"),
        ("a.h", b"char a[] = {" + b"300," * 12 + b"};", "not bytes"),
        ("a.h", b"char a[] = {" + b"9" * 5000 + b",1" * 11 + b"};", "not all elements"),
        ("a.h", b"char a[] = {" + b"x," * 12 + b"};", "not all elements"),
        ("a.npy", b"\x93NUMPY but not really", "no .npy file"),
    ],
)
def test_files_that_hold_no_tensor(
    tmp_path: Path, name: str, content: bytes, complaint: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=complaint):
        read_tensor(tmp_path / name, (2, 2, 3))


def test_pickles_and_floats_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "o.npy", np.array([{}] * 12), allow_pickle=True)
    np.save(tmp_path / "f.npy", np.zeros((2, 2, 3), np.float32))
    for name in ("o.npy", "f.npy", "gone.npy"):
        with pytest.raises(InputError):
            read_tensor(tmp_path / name, (2, 2, 3))
