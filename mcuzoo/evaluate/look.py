"""One picture: what the network sees of it, what it answers, and how a given tensor was made."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcuzoo.data.apply import as_picture, in_order
from mcuzoo.data.doctor.diagnosis import Diagnosis, diagnose
from mcuzoo.data.doctor.tensor import TensorFacts, read_tensor, tensor_facts
from mcuzoo.data.images import FilePicture
from mcuzoo.data.preprocess import PictureInput, check_preprocessing
from mcuzoo.errors import MissingModelError
from mcuzoo.evaluate.engines import Subject, engine_packages, host_engine, make_subject
from mcuzoo.extras import IMAGES, require_packages
from mcuzoo.graph.read import load_model
from mcuzoo.ops.coverage import RUNTIMES, judge
from mcuzoo.options import RecipeOptions
from mcuzoo.project.input_size import input_size
from mcuzoo.project.recipe import Recipe
from mcuzoo.zoo.catalog import catalog
from mcuzoo.zoo.recipe_flags import chosen_recipe, recipe_notes, with_recipe
from mcuzoo.zoo.registry import resolve_model

_ANSWERS = 3


@dataclass(frozen=True)
class Answer:
    """A class that the network names; score: its output, dequantized. label: its index. name: None
    where the classes have numbers only."""

    label: int
    name: str | None
    score: float


@dataclass(frozen=True)
class Look:
    """What a model sees of a picture.

    tensor: int8 [H, W, C], by the right recipe; input: the same in the order of the model's axes.
    given: the tensor of a file, [H, W, C]. answers and given_answers are empty if the model's file
    is not at hand. recipe_source: where `preprocessing` is from. turned: by the picture's EXIF
    orientation. clipped: the share of values that int8 could not take. notes: what else to know.
    image: its file. diagnosis: which known mistake explains `given`; None without it.
    """

    image: str
    model: str
    preprocessing: Recipe
    tensor: NDArray[np.int8]
    input: NDArray[np.int8]
    answers: tuple[Answer, ...]
    given: NDArray[np.int8] | None
    given_answers: tuple[Answer, ...]
    diagnosis: Diagnosis | None
    recipe_source: str = ""
    turned: bool = False
    clipped: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def facts(self) -> TensorFacts:
        """The figures of the tensor; the hashes are of the bytes that a board gets."""
        ends = tensor_facts(self.input)
        return replace(tensor_facts(self.tensor), crc32=ends.crc32, sha256=ends.sha256)

    @property
    def healthy(self) -> bool:
        """Whether the given tensor is right, or none is given."""
        found = self.diagnosis
        return found is None or not found.wrong


def look(
    image: Path,
    model: str,
    tensor: Path | None = None,
    options: RecipeOptions = RecipeOptions(),
) -> Look:
    """Look at the picture `image` as `model` does; `tensor` is a file that is to be explained.

    A model of the zoo whose file is not at hand still says what it sees, without answers. Raises
    InputError, DataSetError for a picture that cannot be decoded, UsageError, ModelError.
    """
    patient = _patient(model, options)
    input = patient.input
    check_preprocessing(input.recipe, input.shape)
    engine = () if patient.subject is None else engine_packages(patient.subject)
    require_packages((*IMAGES, *engine), "This command")
    file = FilePicture(image)
    decoded = input.decoded(file, file.read())
    made = input.quantized(decoded.pixels)
    size = input_size(input.shape)
    right = as_picture(made.tensor, size)
    given = None
    if tensor is not None:
        given = as_picture(read_tensor(tensor, made.tensor.shape), size)
    return Look(
        image=str(image),
        model=patient.name,
        preprocessing=patient.recipe,
        tensor=right,
        input=made.tensor,
        answers=patient.answers(made.tensor),
        given=given,
        given_answers=() if given is None else patient.answers(in_order(given, size)),
        diagnosis=None
        if given is None
        else diagnose(
            decoded.pixels, given, input.recipe, scale=input.scale, zero_point=input.zero_point
        ),
        recipe_source=patient.recipe_source,
        turned=decoded.turned,
        clipped=made.clipped,
        notes=tuple(recipe_notes(patient.recipe, patient.recipe_source, input.shape)),
    )


@dataclass(frozen=True)
class _Patient:
    """input: how pictures become its int8 tensor; recipe: the model's, see Subject.pictures. name:
    of the model. recipe_source: where the recipe is from. labels: names of the classes, None if
    unknown. subject: what runs the model; None if its file is not at hand."""

    name: str
    input: PictureInput
    recipe: Recipe
    recipe_source: str
    labels: tuple[str, ...] | None
    subject: Subject | None

    def answers(self, tensor: NDArray[np.int8]) -> tuple[Answer, ...]:
        if self.subject is None:
            return ()
        scores = host_engine(self.subject).run(tensor).reshape(-1)
        subject = self.subject
        real = subject.form.scores(scores, subject.output_scale, subject.output_zero_point)
        first = np.argsort(-real, kind="stable")[:_ANSWERS]
        return tuple(self._answer(int(label), float(real[label])) for label in first)

    def _answer(self, label: int, score: float) -> Answer:
        assert self.subject is not None
        known = self.labels is not None and len(self.labels) == self.subject.classes
        name = self.labels[label] if known and self.labels is not None else None
        return Answer(label, name, score)


def _patient(name: str, options: RecipeOptions) -> _Patient:
    try:
        source = with_recipe(resolve_model(name), options)
    except MissingModelError:
        entry = catalog()[name]
        chosen = chosen_recipe(entry.as_preprocessing, "registry", options)
        if chosen.recipe.pixel_offset is None:  # only the file has the scale
            raise
        input = PictureInput(chosen.recipe, (1, *entry.input))
        return _Patient(name, input, chosen.recipe, chosen.source, None, None)
    subject = make_subject(load_model(source.path), source.preprocessing, None)
    # The tensor needs no engine, so a model that none runs is only not asked for answers.
    runs = subject.kind != "int8" or any(judge(subject.model, one).runs for one in RUNTIMES)
    return _Patient(
        source.name,
        subject.pictures,
        source.preprocessing,
        source.recipe_source,
        source.labels,
        subject if runs else None,
    )
