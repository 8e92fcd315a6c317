"""From what a user types to a model file and the way pictures become its input."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from mcuzoo.errors import InputError, did_you_mean
from mcuzoo.project.manifest import Preprocessing
from mcuzoo.zoo.catalog import Labels, ZooModel, catalog

MODELS_VARIABLE = "MCUZOO_MODELS"

# Any pictures will do to compare a board with the host.
_GENERIC_SAMPLES = Path(__file__).parent / "signs" / "samples"


@dataclass(frozen=True)
class ModelSource:
    """A model file and what belongs to it.

    samples: a folder with a manifest.csv; samples_labelled: whether its labels are this model's.
    """

    name: str
    path: Path
    preprocessing: Preprocessing
    labels: tuple[str, ...] | None = None
    samples: Path | None = None
    samples_labelled: bool = True


def resolve_model(name_or_path: str) -> ModelSource:
    """The zoo's model of that name, or the .tflite file at that path.

    A path's preprocessing follows from the model's input: three channels are RGB, central crop
    0.875; one channel is gray, uncropped. Raises InputError when there is no such model or its
    file is not at hand, ModelError when the file is no sound model.
    """
    known = catalog()
    if name_or_path in known:
        return _zoo_model(known[name_or_path])
    path = Path(name_or_path).expanduser()
    if path.is_file():
        return ModelSource(
            name=path.stem,
            path=path,
            preprocessing=_preprocessing_by_shape(path),
            samples=_GENERIC_SAMPLES,
            samples_labelled=False,
        )
    raise InputError(
        f"There is no model {name_or_path!r}: no file of that name, and the zoo has "
        f"{', '.join(known)}.",
        f"{did_you_mean(name_or_path, known)}Give one of these names or the path of a .tflite "
        "file.",
    )


def model_folders() -> tuple[Path, ...]:
    """Where models are looked for: the folders in $MCUZOO_MODELS, then the user's cache."""
    from platformdirs import user_cache_path

    listed = os.environ.get(MODELS_VARIABLE, "").split(os.pathsep)
    folders = [Path(folder).expanduser() for folder in listed if folder]
    return (*folders, user_cache_path("mcuzoo", appauthor=False) / "models")


def _zoo_model(model: ZooModel) -> ModelSource:
    path = _model_file(model)
    return ModelSource(
        name=model.name,
        path=path,
        preprocessing=model.preprocessing,
        labels=model.labels.classes or _labels_file(model.labels, path.parent),
        samples=model.samples or _GENERIC_SAMPLES,
        samples_labelled=model.samples is not None,
    )


def _model_file(model: ZooModel) -> Path:
    wanted = model.file
    if wanted.bundled is not None:
        if wanted.bundled.is_file():
            return wanted.bundled
        raise InputError(
            f"The bundled model {model.name} is missing: {wanted.bundled}.",
            "Install mcuzoo again.",
        )
    folders = model_folders()
    places = [folder / name for folder in folders for name in wanted.names]
    present = [place for place in places if place.is_file()]
    for place in present:
        if hashlib.sha256(place.read_bytes()).hexdigest() == wanted.sha256:
            return place
    found = "; ".join(f"{place} has another content (SHA-256)" for place in present)
    looked = ", ".join(str(folder) for folder in folders)
    raise InputError(
        f"The file of the model {model.name} is not at hand: {' or '.join(wanted.names)}, looked "
        f"for in {looked}." + (f" {found}." if found else ""),
        f"Fetch it from {model.source}, then set {MODELS_VARIABLE} to its folder, or give the "
        "path of the file instead of the name.",
    )


def _labels_file(wanted: Labels, beside: Path) -> tuple[str, ...] | None:
    """The class names, one a line, if a file of the right length is at hand."""
    folders = (beside, beside.parent, *model_folders())
    for place in (folder / name for folder in folders for name in wanted.names):
        if place.is_file():
            labels = tuple(place.read_text(encoding="utf-8").splitlines())
            if len(labels) == wanted.lines:
                return labels
    return None


def _preprocessing_by_shape(path: Path) -> Preprocessing:
    from mcuzoo.graph.read import load_model

    model = load_model(path)
    shape = model.tensor(model.inputs[0]).shape
    if shape[-1:] == (1,):
        return Preprocessing(color="gray", crop=1.0)
    return Preprocessing()
