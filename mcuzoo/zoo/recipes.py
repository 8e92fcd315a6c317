"""Where a model's recipe and class names come from, when neither flags nor a project say them: the
registry (zoo/registry.py), a file beside the model, metadata in the model, or the default."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, model_validator

from mcuzoo.board.base import Table, Text
from mcuzoo.errors import InputError, ProjectError
from mcuzoo.files import write_output
from mcuzoo.graph.image_metadata import ImageMetadata, read_image_metadata
from mcuzoo.graph.model import Model
from mcuzoo.graph.program import input_shape
from mcuzoo.project.input_size import input_size
from mcuzoo.project.recipe import MAX_SIDE, Recipe, normalization, of_values
from mcuzoo.untrusted import parse_toml, read_text

BESIDE_SUFFIX = ".mcuzoo.toml"
MAX_BYTES = 1 << 20
_HINT = "docs/recipes.md lists the keys."

NORMALIZE = Literal["pixel", "raw", "unit", "tf", "torch", "caffe"]
Number = float | tuple[float, ...]


class RecipeTable(Table):
    """The table [preprocessing]: fields of a Recipe; what is not said is the default's.

    normalize: a usual normalization by name. float_low, float_high: instead of scale, mean and
    std, what a float model takes for the pixels 0 and 255. mean or std or scale without a
    pixel_offset: an int8 model takes the normalized value, too.
    """

    color: Literal["rgb", "bgr", "gray"] | None = None
    exif: bool | None = Field(default=None, strict=True)
    crop: float | None = Field(default=None, gt=0, le=1)
    fit: Literal["stretch", "cover", "short-side", "letterbox"] | None = None
    short_side: int | None = Field(default=None, strict=True, ge=1, le=MAX_SIDE)
    fill: int | tuple[int, ...] | None = None
    resize: Literal["nearest", "bilinear", "area", "bicubic", "lanczos"] | None = None
    library: Literal["opencv", "pillow", "tensorflow"] | None = None
    antialias: bool | None = Field(default=None, strict=True)
    normalize: NORMALIZE | None = None
    scale: float | None = None
    mean: Number | None = None
    std: Number | None = None
    pixel_offset: int | None = Field(default=None, strict=True, ge=-255, le=255)
    float_low: float | None = None
    float_high: float | None = None

    @model_validator(mode="after")
    def _makes_a_recipe(self) -> RecipeTable:
        self.recipe()
        return self

    def recipe(self, base: Recipe | None = None) -> Recipe:
        """The recipe, by default over the default one of its colours. Raises ValueError."""
        fields = self._fields()
        if base is None:
            base = _DEFAULTS["gray" if fields.get("color") == "gray" else "rgb"]
        return replace(base, **fields)

    def _fields(self) -> dict[str, Any]:
        given = {name: value for name, value in self if value is not None}
        numbers = [name for name in ("scale", "mean", "std") if name in given]
        ends = [name for name in ("float_low", "float_high") if name in given]
        if sum(map(bool, (numbers, ends, "normalize" in given))) > 1:
            raise ValueError("give normalize, or scale, mean and std, or float_low and float_high")
        fields: dict[str, Any] = {}
        if "normalize" in given:
            fields = normalization(given.pop("normalize"))
        if ends:
            low, high = given.pop("float_low", -1.0), given.pop("float_high", 1.0)
            fields = of_values(low, high)
        if numbers:
            fields = {"scale": 1.0, "mean": (0.0,), "std": (1.0,), "pixel_offset": None}
        for name in ("fill", "mean", "std"):
            if name in given and not isinstance(given[name], tuple):
                given[name] = (given[name],)
        return {**fields, **given}


_DEFAULTS = {
    "rgb": Recipe(),
    "gray": Recipe(color="gray", **of_values(0.0, 1.0)),
}


class _BesideLabels(Table):
    """classes: the names in output order; file: a file beside, one name a line."""

    classes: tuple[Text, ...] = ()
    file: Text | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> _BesideLabels:
        if bool(self.classes) == (self.file is not None):
            raise ValueError("give classes, or file")
        return self


class RecipeFile(Table):
    """A recipe file: what --recipe names, or NAME.mcuzoo.toml beside NAME.tflite."""

    preprocessing: RecipeTable | None = None
    labels: _BesideLabels | None = None


@dataclass(frozen=True)
class FoundRecipe:
    """source: "beside", "metadata" or "default". labels: class names, if they are known.
    labels_source: where `labels` are from, likewise."""

    recipe: Recipe
    source: str
    labels: tuple[str, ...] | None = None
    labels_source: str = ""


def default_recipe(shape: tuple[int, ...]) -> Recipe:
    """The whole picture, stretched by OpenCV's bilinear, pixel - 128; gray for one channel."""
    try:
        channels = input_size(shape).channels
    except ProjectError:
        channels = shape[-1] if shape else 0
    return _DEFAULTS["gray" if channels == 1 else "rgb"]


def find_recipe(path: Path, model: Model) -> FoundRecipe:
    """The recipe of a file that the registry does not know.

    Raises InputError for a damaged file beside it.
    """
    base = default_recipe(input_shape(model))
    found = _of_metadata(read_image_metadata(model.raw), base)
    beside = path.with_suffix(BESIDE_SUFFIX)
    if not beside.is_file():
        return found
    file = read_recipe_file(beside)
    if file.preprocessing is not None:
        try:
            found = replace(found, recipe=file.preprocessing.recipe(base), source="beside")
        except ValueError as error:
            raise InputError(f"{beside}: {error}.", _HINT) from error
    labels = _beside_labels(file, beside)
    return found if labels is None else replace(found, labels=labels, labels_source="beside")


def _of_metadata(said: ImageMetadata, base: Recipe) -> FoundRecipe:
    """The recipe that a file's metadata say, as far as they can be true of its input."""
    fields: dict[str, Any] = {}
    if said.color is not None and (said.color == "gray") == (base.color == "gray"):
        fields["color"] = said.color
    if said.mean is not None and said.std is not None:
        fields |= {"scale": 1.0, "mean": said.mean, "std": said.std, "pixel_offset": None}
    source = "default"
    try:
        recipe = replace(base, **fields)
        source = "metadata" if fields else source
    except ValueError:
        recipe = base
    labels_source = "" if said.labels is None else "metadata"
    return FoundRecipe(recipe, source, said.labels, labels_source)


def read_recipe_file(path: Path) -> RecipeFile:
    """A recipe file, which is untrusted. Raises InputError, which names file and key."""
    try:
        raw = parse_toml(read_text(path, MAX_BYTES))
        return RecipeFile.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "the file"
        message = first["msg"].removeprefix("Value error, ")
        raise InputError(f"{path}: {key[:200]}: {message[:300]}.", _HINT) from error
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {str(error)[:300]}", _HINT) from error


def _beside_labels(file: RecipeFile, path: Path) -> tuple[str, ...] | None:
    if file.labels is None:
        return None
    if file.labels.file is None:
        return file.labels.classes
    place = path.parent / file.labels.file
    try:
        if place.parent.resolve() != path.parent.resolve():
            raise ValueError("it is in another folder")
        text = read_text(place, MAX_BYTES).removeprefix("\ufeff").rstrip()
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: labels.file {place} cannot be read: {error}", _HINT) from error
    return tuple(line.strip() for line in text.split("\n"))


def recipe_file_text(recipe: Recipe, labels: tuple[str, ...] | None = None) -> str:
    """A recipe file that says all of `recipe`, and the class names."""
    lines = ["[preprocessing]"]
    for name, value in asdict(recipe).items():
        if value is not None:
            lines.append(f"{name} = {json.dumps(value)}")
    if labels:
        lines += ["", "[labels]", f"classes = {json.dumps(labels)}"]
    return "\n".join(lines) + "\n"


def keep_recipe(target: Path, recipe: Recipe, labels: tuple[str, ...] | None = None) -> str:
    """Write a recipe file beside the model file `target`, unless there is one; what was done.

    Raises InputError when it cannot be written.
    """
    beside = target.with_suffix(BESIDE_SUFFIX)
    text = recipe_file_text(recipe, labels)
    if beside.exists():
        return f"note: {beside} is there already and says how the model sees pictures."
    write_output(beside, text.encode())
    return f"note: how the model sees pictures is in {beside}."
