"""From what a user names to the judgement on a compiled file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from os import PathLike, fspath
from pathlib import Path
from typing import Protocol

from mcuzoo.data.dataset import open_data_set
from mcuzoo.data.images import Item
from mcuzoo.data.labels import Classes
from mcuzoo.data.preprocess import PictureInput, check_preprocessing, input_of
from mcuzoo.errors import InputError, ModelError, UsageError, command
from mcuzoo.graph.model import Model
from mcuzoo.graph.parameters import quantization_of
from mcuzoo.graph.read import load_model
from mcuzoo.npu.file import VelaFile, read_vela
from mcuzoo.npu.images import Picture
from mcuzoo.npu.integers import SourceEngine
from mcuzoo.npu.verify import Verification, verify_file
from mcuzoo.project.manifest import MANIFEST_NAME, load_manifest
from mcuzoo.project.recipe import Recipe
from mcuzoo.project.rules import inside
from mcuzoo.run.feed import Unusable, prepare
from mcuzoo.run.recipe import manifest_notes, manifest_with_recipe
from mcuzoo.verify.options import VerifyOptions
from mcuzoo.zoo.recipe_flags import recipe_notes, with_recipe
from mcuzoo.zoo.registry import resolve_model

VELA_FILE = "model/model_vela.tflite"
"""Of a project, below its folder."""


class VerifyWatcher(Protocol):
    """Is told how a verification goes."""

    def say(self, text: str) -> None:
        """A note or a warning."""

    def started(self, images: int) -> None:
        """How many images there are."""

    def image(self, name: str, equal: bool) -> None:
        """Whether the file's output for an image is that of the reference."""


class Silent:
    """A VerifyWatcher that passes nothing on."""

    def say(self, text: str) -> None:
        pass

    def started(self, images: int) -> None:
        pass

    def image(self, name: str, equal: bool) -> None:
        pass


@dataclass(frozen=True)
class _Subject:
    """source, file: the model and what was compiled of it. recipe: how pictures become inputs.
    notes: what the user should know of it."""

    source: Model
    file: VelaFile
    recipe: Recipe
    notes: tuple[str, ...]


def verify(
    subject: str | PathLike[str],
    options: VerifyOptions = VerifyOptions(),
    watcher: VerifyWatcher = Silent(),
) -> Verification:
    """Judge a file that Vela compiled against the model that it was compiled from.

    subject: a project's folder, a model of the zoo, or its .tflite file. Whether it passes says
    the Verification. Raises UsageError, InputError, ProjectError, DataSetError, ModelError.
    """
    if options.images is None and (options.recipe_flags or options.limit or options.split):
        raise UsageError(
            "Options of images were given, and no images.", "Add --images DIR, or leave them out."
        )
    found = _found(fspath(subject), options)
    if options.images is None:
        return verify_file(found.source, found.file)
    for note in found.notes:
        watcher.say(note)
    input, outputs = _ends(found)
    data = open_data_set(
        options.images, Classes(outputs, None), options.limit, options.split, input.packages
    )
    watcher.started(len(data.items))
    pictures = _pictures(data.items, input, watcher)
    return verify_file(found.source, found.file, pictures, watcher)


def _found(subject: str, options: VerifyOptions) -> _Subject:
    folder = Path(subject).expanduser()
    if (folder / MANIFEST_NAME).is_file():
        manifest = manifest_with_recipe(load_manifest(folder), options)
        source = load_model(inside(folder, manifest.model.file))
        compiled = options.vela or folder / VELA_FILE
        if options.vela is None and not compiled.is_file():
            raise InputError(
                f"The project has no {VELA_FILE}: {manifest.board} has no Ethos-U, or nothing was "
                "compiled.",
                "Name the file: --vela FILE_vela.tflite",
            )
        source = replace(source, name=manifest.model.name)
        notes = tuple(manifest_notes(manifest))
        return _Subject(source, read_vela(compiled), input_of(manifest).recipe, notes)
    if options.vela is None:
        raise UsageError(
            "verify: no compiled file was named.",
            command("mcuzoo", "verify", subject, "--vela", "FILE_vela.tflite"),
        )
    named = with_recipe(resolve_model(subject), options)
    source = replace(load_model(named.path), name=named.name)
    shape = source.tensor(source.inputs[0]).shape
    notes = tuple(recipe_notes(named.preprocessing, named.recipe_source, shape))
    return _Subject(source, read_vela(options.vela), named.preprocessing, notes)


def _ends(found: _Subject) -> tuple[PictureInput, int]:
    """How pictures become the input, and how many outputs there are."""
    program = SourceEngine(found.source).program
    tensor = program.input_tensor
    check_preprocessing(found.recipe, tensor.shape)
    own = quantization_of(tensor)
    return (
        PictureInput(found.recipe, tensor.shape, own.scale, own.zero_point),
        program.output_tensor.elements,
    )


def _pictures(
    items: tuple[Item, ...], input: PictureInput, watcher: VerifyWatcher
) -> Iterator[Picture]:
    used = 0
    for item in items:
        ready = prepare(item, input, None)
        if isinstance(ready, Unusable):
            watcher.say(f"warning: {item.file} is left out: {ready.reason}")
            continue
        used += 1
        yield Picture(item.file, ready.tensor)
    if not used:
        raise ModelError("No image could be used.", "mcuzoo doctor-image shows what is wrong.")
