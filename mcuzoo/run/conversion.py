"""A model and its conversion on the same images: accuracy, distance, and whether it matters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mcuzoo.data.dataset import DataSet, load_data_set
from mcuzoo.data.labels import Classes, load_classes
from mcuzoo.engines.litert import LitertEngine
from mcuzoo.engines.litert_uint8 import LitertUint8Engine
from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.errors import DataSetError, UsageError
from mcuzoo.extras import LITERT
from mcuzoo.files import require_outputs, write_output
from mcuzoo.graph.model import Model
from mcuzoo.graph.read import load_model
from mcuzoo.project.manifest import Preprocessing
from mcuzoo.run.feed import Unusable, prepare
from mcuzoo.run.options import ConvertOptions
from mcuzoo.run.paired import Paired
from mcuzoo.run.score import Accuracy, accuracy, ranks, top1
from mcuzoo.zoo.convert.convert import check_ends, convert_model
from mcuzoo.zoo.convert.report import Conversion
from mcuzoo.zoo.registry import resolve_model

TOP5 = 5
SIGNIFICANT = 0.05


class Runs(Protocol):
    def run(self, input: NDArray[np.int8]) -> NDArray[np.int8]: ...


@dataclass(frozen=True)
class Scores:
    """Top-1 and top-5 of one model; of fewer than five classes, top-5 counts them all."""

    top1: Accuracy
    top5: Accuracy


@dataclass(frozen=True)
class Judgement:
    """What a conversion did to `images` images. Distances in steps of the int8 output.

    identical: images with equal outputs; flips: images with another top-1; original and converted
    are None, and paired too, where no image is labelled; unusable: why images were left out.
    """

    images: int
    labelled: int
    identical: int
    flips: int
    mean_distance: float
    max_distance: int
    original: Scores | None
    converted: Scores | None
    paired: Paired | None
    unusable: tuple[str, ...]

    @property
    def worse(self) -> bool:
        """Did the conversion cost accuracy, beyond what chance explains at 5 %?"""
        paired = self.paired
        return (
            paired is not None
            and paired.only_first > paired.only_second
            and paired.p_value < SIGNIFICANT
        )

    def as_dict(self) -> dict[str, Any]:
        """As `mcuzoo convert --json` prints it under `images`."""
        values = asdict(self)
        for name in ("original", "converted"):
            scores = getattr(self, name)
            if scores is not None:
                values[name] = {"top1": scores.top1.value, "top5": scores.top5.value}
        if self.paired is not None:
            values["paired"]["p_value"] = self.paired.p_value
        return {**values, "worse": self.worse}


@dataclass(frozen=True)
class Converted:
    """The file that was written, what was changed in it, and what that did to images, if asked."""

    output: Path
    conversion: Conversion
    judgement: Judgement | None

    def as_dict(self) -> dict[str, Any]:
        """As `mcuzoo convert --json` prints it."""
        return {
            "output": str(self.output),
            "sha256": self.conversion.model.sha256,
            **self.conversion.report.as_dict(),
            "images": None if self.judgement is None else self.judgement.as_dict(),
        }


def convert(
    source: str | PathLike[str],
    output: str | PathLike[str],
    options: ConvertOptions = ConvertOptions(),
    say: Callable[[str], None] = lambda text: None,
    on_image: Callable[[int, int], None] = lambda done, total: None,
) -> Converted:
    """Rewrite a UINT8 model to INT8, align its constants, and say what that changed.

    source: a name of the zoo or a file; output: the file to write. `say` is told warnings,
    `on_image` how many images of how many are compared. Raises UsageError, InputError, ModelError
    (a model that computes in floats or INT16), UnsupportedOpError, and as make_comparison.
    """
    if options.images is None and (options.labels is not None or options.limit is not None):
        raise UsageError("--labels and --limit need --images.", "Add --images DIR.")
    ends = check_ends(options.io)
    found, target = resolve_model(fspath(source)), Path(fspath(output))
    require_outputs(
        {"OUT.tflite": target},
        {"IN.tflite": found.path, "--images": options.images, "--labels": options.labels},
    )
    model = load_model(found.path)
    conversion = convert_model(model, ends)
    comparison = None
    if options.images is not None:
        comparison = make_comparison(
            model,
            conversion,
            found.preprocessing,
            options.images,
            options.labels,
            options.limit,
            found.labels,
        )
    write_output(target, conversion.model.raw)
    judgement = None
    if comparison is not None:
        for warning in comparison.data_set.warnings:
            say(f"warning: {warning}")
        total = len(comparison.data_set.items)
        judgement = comparison.run(lambda done: on_image(done, total))
        for reason in judgement.unusable:
            say(f"warning: left out: {reason}")
    return Converted(target, conversion, judgement)


@dataclass(frozen=True)
class Comparison:
    """Two engines with int8 ends of the same scale, and the images to run on both."""

    original: Runs
    converted: Runs
    recipe: Preprocessing
    shape: tuple[int, ...]
    data_set: DataSet

    def run(self, on_image: Callable[[int], None] = lambda done: None) -> Judgement:
        """Run every image on both. Raises DataSetError when none can be decoded."""
        tally = _Tally()
        for done, item in enumerate(self.data_set.items, 1):
            prepared = prepare(item, self.recipe, self.shape, None)
            if isinstance(prepared, Unusable):
                tally.unusable.append(prepared.reason)
            else:
                outputs = self.original.run(prepared.tensor), self.converted.run(prepared.tensor)
                tally.add(*outputs, item.label)
            on_image(done)
        return tally.judgement(self.data_set.source)


def make_comparison(
    source: Model,
    conversion: Conversion,
    recipe: Preprocessing,
    images: Path,
    labels: Path | None = None,
    limit: int | None = None,
    names: tuple[str, ...] | None = None,
) -> Comparison:
    """Set up engines and images; the original runs on LiteRT's reference kernels.

    The conversion runs in TFLM's arithmetic, as it would on a board. names: class names where no
    `labels` file is given. Raises DataSetError, MissingExtraError, ModelError.
    """
    converted = ReferenceEngine(conversion.model)
    count = converted.program.output_tensor.elements
    known = labels is None and names is not None and len(names) == count
    classes = Classes(count, names) if known else load_classes(labels, count)
    data_set = load_data_set(images, classes, limit, besides=[LITERT])
    uint8 = conversion.report.source_dtype == "uint8"
    original: Runs = LitertUint8Engine(source) if uint8 else LitertEngine(source)
    return Comparison(
        original=original,
        converted=converted,
        recipe=recipe,
        shape=converted.program.input_tensor.shape,
        data_set=data_set,
    )


class _Tally:
    """Figures of a growing number of images; their outputs are not kept."""

    def __init__(self) -> None:
        self.unusable: list[str] = []
        self._means: list[float] = []
        self._maxima: list[int] = []
        self._flips = 0
        self._ranks: tuple[list[int], list[int]] = ([], [])

    def add(self, first: NDArray[np.int8], second: NDArray[np.int8], label: int | None) -> None:
        distance = np.abs(first.astype(np.int16) - second)
        self._means.append(float(distance.mean()))
        self._maxima.append(int(distance.max()))
        self._flips += top1(first) != top1(second)
        if label is not None:
            both = ranks(np.stack([first, second]), np.array([label, label]))
            for kept, rank in zip(self._ranks, both, strict=True):
                kept.append(int(rank))

    def judgement(self, source: Path) -> Judgement:
        if not self._means:
            raise DataSetError(
                f"None of the images in {source} can be used: {self.unusable[0]}",
                "Give images that Pillow can decode.",
            )
        first, second = (np.array(kept, dtype=np.int64) for kept in self._ranks)
        labelled = len(first) > 0
        return Judgement(
            images=len(self._means),
            labelled=len(first),
            identical=self._maxima.count(0),
            flips=self._flips,
            mean_distance=float(np.mean(self._means)),
            max_distance=max(self._maxima),
            original=_scores(first) if labelled else None,
            converted=_scores(second) if labelled else None,
            paired=_paired(first == 0, second == 0) if labelled else None,
            unusable=tuple(self.unusable),
        )


def _scores(rank: NDArray[np.int64]) -> Scores:
    return Scores(accuracy(rank, 1), accuracy(rank, TOP5))


def _paired(first: Iterable[bool], second: Iterable[bool]) -> Paired:
    pairs = list(zip(first, second, strict=True))
    return Paired(
        only_first=sum(bool(a and not b) for a, b in pairs),
        only_second=sum(bool(b and not a) for a, b in pairs),
    )
