"""One picture: what the network sees of it, what it answers, and how a given tensor was made."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcuzoo.data.doctor.diagnosis import Diagnosis, diagnose
from mcuzoo.data.doctor.tensor import TensorFacts, read_tensor, tensor_facts
from mcuzoo.data.images import decode_image, read_image_file
from mcuzoo.data.preprocess import preprocess
from mcuzoo.errors import MissingModelError, UsageError
from mcuzoo.evaluate.engines import Subject, engine_packages, host_engine, make_subject
from mcuzoo.extras import IMAGES, require_packages
from mcuzoo.graph.read import load_model
from mcuzoo.ops.coverage import RUNTIMES, judge
from mcuzoo.project.manifest import Preprocessing
from mcuzoo.zoo.catalog import catalog
from mcuzoo.zoo.registry import resolve_model

_ANSWERS = 3


@dataclass(frozen=True)
class Answer:
    """A class that the network names; score: its output, dequantized."""

    label: int
    name: str | None
    score: float


@dataclass(frozen=True)
class Look:
    """tensor: int8 [H, W, C], by the right preprocessing. given: the tensor of a file. answers and
    given_answers are empty if the model's file is not at hand."""

    image: str
    model: str
    preprocessing: Preprocessing
    tensor: NDArray[np.int8]
    answers: tuple[Answer, ...]
    given: NDArray[np.int8] | None
    given_answers: tuple[Answer, ...]
    diagnosis: Diagnosis | None

    @property
    def facts(self) -> TensorFacts:
        return tensor_facts(self.tensor)

    @property
    def healthy(self) -> bool:
        """Whether the given tensor is right, or none is given."""
        found = self.diagnosis
        return found is None or not found.wrong


def look(image: Path, model: str, tensor: Path | None = None, crop: float | None = None) -> Look:
    """Look at the picture `image` as `model` does; `tensor` is a file that is to be explained.

    A model of the zoo whose file is not at hand still says what it sees, without answers. Raises
    InputError, DataSetError for a picture that cannot be decoded, UsageError, ModelError.
    """
    if crop is not None and not 0 < crop <= 1:
        raise UsageError(f"--crop {crop} is no fraction.", "Give a number above 0, up to 1.")
    patient = _patient(model)
    engine = () if patient.subject is None else engine_packages(patient.subject)
    require_packages((*IMAGES, *engine), "This command")
    preprocessing = (
        patient.preprocessing if crop is None else replace(patient.preprocessing, crop=crop)
    )
    pixels = decode_image(read_image_file(image), preprocessing.color, str(image))
    right = preprocess(pixels, preprocessing, patient.shape)
    given = None if tensor is None else read_tensor(tensor, _size(right))
    return Look(
        image=str(image),
        model=patient.name,
        preprocessing=preprocessing,
        tensor=right,
        answers=patient.answers(right),
        given=given,
        given_answers=() if given is None else patient.answers(given),
        diagnosis=None if given is None else diagnose(pixels, given, preprocessing),
    )


@dataclass(frozen=True)
class _Patient:
    name: str
    shape: tuple[int, ...]
    preprocessing: Preprocessing
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


def _patient(name: str) -> _Patient:
    try:
        source = resolve_model(name)
    except MissingModelError:
        entry = catalog()[name]
        return _Patient(name, (1, *entry.input), entry.as_preprocessing, None, None)
    subject = make_subject(load_model(source.path), source.preprocessing, None)
    # The tensor needs no engine, so a model that none runs is only not asked for answers.
    runs = subject.kind != "int8" or any(judge(subject.model, one).runs for one in RUNTIMES)
    asked = subject if runs else None
    return _Patient(source.name, subject.shape, source.preprocessing, source.labels, asked)


def _size(tensor: NDArray[np.int8]) -> tuple[int, int, int]:
    height, width, channels = tensor.shape
    return height, width, channels
