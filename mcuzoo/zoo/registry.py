"""From the name that a user types to a model file and its preprocessing. Figures that follow from
the layers do not need the file."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING

from mcuzoo.errors import InputError, MissingModelError
from mcuzoo.graph.model import Model
from mcuzoo.graph.read import load_model
from mcuzoo.project.recipe import Recipe
from mcuzoo.zoo.catalog import catalog, similar_model
from mcuzoo.zoo.derived import converted_from, derived_int8
from mcuzoo.zoo.find import (
    FoundFile,
    file_sha256,
    find_model_file,
    missing_file,
    model_folders,
    trust_key,
    trusted_sha256,
)
from mcuzoo.zoo.recipes import find_recipe
from mcuzoo.zoo.schema import ZooModel
from mcuzoo.zoo.structure import build_structure

if TYPE_CHECKING:
    from mcuzoo.graph.model import Model
    from mcuzoo.zoo.schema import Labels, SourceFile, ZooModel


def shape_complaint(entry: ZooModel, model: Model) -> str | None:
    """None, or the error as the rest of a sentence that begins with the file."""
    shape = model.tensor(model.inputs[0]).shape
    classes = model.tensor(model.outputs[0]).shape[-1:]
    if shape == (1, *entry.input) and classes == (entry.labels.count,):
        return None
    return (
        f"is not {entry.name}: it takes {list(shape)} and gives {list(classes)}, not "
        f"{[1, *entry.input]} and [{entry.labels.count}]"
    )


_MAX_LABEL_BYTES = 1 << 20


@dataclass(frozen=True)
class Origin:
    """Where a model file is from, as the registry says; all empty for a file that it does not know.

    source: in words. url: where the file, or what it was made from, is on the web. converted_from:
    the SHA-256 of the UINT8 file that it was converted from. licence: as the registry has it.
    """

    source: str = ""
    url: str = ""
    licence: str = ""
    converted_from: str = ""


@dataclass(frozen=True)
class ModelSource:
    """A model file and what belongs to it.

    samples: a folder with pictures of this model's classes and a manifest.csv that labels them.
    recipe_source: where `preprocessing` is from: "registry", "beside" (NAME.mcuzoo.toml),
    "metadata", "default", "recipe" (--recipe), each perhaps with "+flags"; empty: not said.
    labels_source: of `labels`, likewise. note: what a user should know about the choice of this
    file. name: of the zoo, or the file's without its ending. path: of the file. origin: where the
    file is from.
    """

    name: str
    path: Path
    preprocessing: Recipe
    labels: tuple[str, ...] | None = None
    samples: Path | None = None
    note: str | None = None
    recipe_source: str = ""
    labels_source: str = ""
    origin: Origin = Origin()


def labels_words(source: ModelSource) -> str:
    """Where the class names of a model are from, in words."""
    return {
        "registry": "of the zoo's registry",
        "beside": "of the .mcuzoo.toml beside the model",
        "metadata": "of the model's metadata",
    }.get(source.labels_source, "")


def resolve_model(name_or_path: str) -> ModelSource:
    """The zoo's model of that name, or the .tflite file at that path.

    A name means the first of the model's INT8 files that is at hand; where there is none but a
    UINT8 one, its conversion to INT8. A file that the zoo knows by its hash has that model's
    preprocessing, labels and samples. Of another file, recipe and labels are from a
    NAME.mcuzoo.toml beside it, else from its own metadata; else the recipe is the default: the
    whole picture, stretched.

    Raises InputError when there is no such model, MissingModelError when its file is not at hand,
    ModelError when the file is no sound model.
    """
    known = catalog()
    if name_or_path in known:
        return _zoo_model(known[name_or_path])
    path = Path(name_or_path).expanduser()
    if path.is_file() or path.is_dir():
        return _file(path)
    raise no_such_model(name_or_path)


def no_such_model(name_or_path: str) -> InputError:
    """The error about a name that is neither one of the zoo nor that of a file."""
    return InputError(
        f"There is no model {name_or_path!r}: no file of that name, and the zoo has "
        f"{', '.join(catalog())}.",
        f"{similar_model(name_or_path)}Give one of these names or the path of a .tflite file.",
    )


def load_named_model(name_or_path: str | PathLike[str]) -> Model:
    """The model that resolve_model finds, read. Raises as that, and ModelError."""
    return _loaded(resolve_model(fspath(name_or_path)).path)


def _zoo_model(model: ZooModel) -> ModelSource:
    found = find_model_file(model, "int8")
    if found is not None:
        if not found.verified:
            _require_shape(model, found)
        return _source(model, found.path, found.path.parent, _origin(found.entry))
    original = find_model_file(model, "uint8")
    if original is None:
        raise missing_file(model, "int8", "uint8")
    if not original.verified:
        _require_shape(model, original)
    derived = derived_int8(original)
    note = (
        f"{model.name} is {derived.path}, converted {'now ' if derived.made else ''}from the "
        f"UINT8 file {original.path}"
    )
    origin = _origin(original.entry, original.sha256)
    return replace(_source(model, derived.path, original.path.parent, origin), note=note)


def _origin(file: SourceFile, converted_from: str = "") -> Origin:
    url = file.download.url if file.download is not None else ""
    return Origin(file.source, url, file.licence, converted_from)


def _source(model: ZooModel, path: Path, beside: Path, origin: Origin) -> ModelSource:
    return ModelSource(
        name=model.name,
        path=path,
        preprocessing=model.as_preprocessing,
        labels=model.labels.classes or _labels_file(model.labels, beside),
        samples=model.samples_path,
        recipe_source="registry",
        labels_source="registry",
        origin=origin,
    )


def _file(path: Path) -> ModelSource:
    model = _loaded(path)
    known = _known_by_hash(path)
    if known is not None:
        return replace(_source(known[0], path, path.parent, known[1]), name=path.stem)
    found = find_recipe(path, model)
    source = ModelSource(path.stem, path, found.recipe, recipe_source=found.source)
    if found.labels is None:
        return source
    target = model.tensor(model.outputs[0])
    count = target.shape[-1] if target.elements > 1 else 2
    if len(found.labels) == count:
        return replace(source, labels=found.labels, labels_source=found.labels_source)
    where = "its metadata name" if found.labels_source == "metadata" else "the file beside it names"
    return replace(
        source,
        note=f"{path.name}: {where} {len(found.labels)} classes, and it has {count}: not used.",
    )


def _known_by_hash(path: Path) -> tuple[ZooModel, Origin] | None:
    """The zoo's model of a file, found by hash; or the model that the file was converted from."""
    own, original = file_sha256(path), converted_from(path)
    for model in catalog().values():
        for file in model.file:
            known = _hashes(file) - {None}
            if own in known or original in known:
                return model, _origin(file, "" if own in known else original or "")
    return None


def _hashes(file: SourceFile) -> set[str | None]:
    """The known hashes of a model's file: registry, bundled file, first fetch."""
    bundled, learnt = file.bundled_path, None
    if file.download is not None:
        with suppress(InputError):  # a damaged store must not keep a model from being used
            learnt = trusted_sha256(trust_key(file))
    return {
        file.sha256,
        file_sha256(bundled) if bundled is not None and bundled.is_file() else None,
        learnt,
    }


def _loaded(path: Path) -> Model:
    from mcuzoo.graph.read import load_model

    return load_model(path)


def _require_shape(model: ZooModel, found: FoundFile) -> None:
    """A file known only by its name must at least have the right input and output shapes."""
    complaint = shape_complaint(model, _loaded(found.path))
    if complaint is not None:
        raise InputError(
            f"{found.path} {complaint}.",
            "Give the file another name, or its path instead of the model's name.",
        )


def _labels_file(wanted: Labels, beside: Path) -> tuple[str, ...] | None:
    """The class names, one a line, if a file of the right length is at hand."""
    folders = (beside, beside.parent, *model_folders())
    for place in (folder / name for folder in folders for name in wanted.names):
        labels = _lines(place)
        if len(labels) == wanted.lines:
            return labels
    return None


def _lines(path: Path) -> tuple[str, ...]:
    """The lines of a text file of sensible size; none of any other file."""
    try:
        if not path.is_file() or path.stat().st_size > _MAX_LABEL_BYTES:
            return ()
        return tuple(path.read_text(encoding="utf-8").splitlines())
    except (OSError, UnicodeDecodeError):
        return ()


@dataclass(frozen=True)
class KnownModel:
    """structure_only: the weights are random. note: what a reader must know. model: as read, or
    built from its layers."""

    model: Model
    structure_only: bool = False
    note: str | None = None


def load_or_build(name_or_path: str) -> KnownModel:
    """The model; if its file is not at hand, one built from the layers in the registry.

    Raises as resolve_model and load_model; MissingModelError only where no layers are known.
    """
    try:
        source = resolve_model(name_or_path)
    except MissingModelError:
        entry = catalog()[name_or_path]
        if entry.structure is None:
            raise
        note = (
            f"The file of {name_or_path} is not at hand: planned from its layers with random "
            "weights. Its arena is exact, its constants to a few per cent."
        )
        return KnownModel(build_structure(entry), True, note)
    return KnownModel(load_model(source.path), False, source.note)
