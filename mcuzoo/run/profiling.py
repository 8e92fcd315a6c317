"""From what the user typed to a profile: port, project, picture, reference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from mcuzoo.data.dataset import load_data_set
from mcuzoo.data.labels import load_classes
from mcuzoo.data.picture import FilePicture, Picture
from mcuzoo.data.preprocess import preprocess
from mcuzoo.emulator.url import SCHEME
from mcuzoo.errors import UnsupportedOpError
from mcuzoo.link.channel import DeviceLog
from mcuzoo.link.session import Session
from mcuzoo.profile.layers import ModelProfile
from mcuzoo.profile.measure import profile_model
from mcuzoo.project.manifest import MANIFEST_NAME, Manifest, load_manifest
from mcuzoo.run.board import check_firmware
from mcuzoo.run.project import find_project, project_model
from mcuzoo.zoo.engines.reference import ReferenceEngine

NOISE_SEED = 1234


@dataclass(frozen=True)
class ProfileRequest:
    """The options of `mcuzoo profile`. `target` is a port or a project folder to emulate."""

    target: str
    project: Path | None = None
    image: Path | None = None
    baud: int = 115200
    reference: bool = True


def profile_target(
    request: ProfileRequest,
    *,
    trace: TextIO | None = None,
    on_log: Callable[[DeviceLog], None] | None = None,
    on_warning: Callable[[str], None] = lambda text: None,
) -> ModelProfile:
    """Profile one inference on a board that runs the project's newest build.

    The input is the picture `image`, preprocessed; without one, the project's first sample; without
    samples, noise. Raises UsageError, ProjectError, DataSetError before a port is touched, then
    what the link raises, and WrongFirmwareError.
    """
    port = emulated_port(request.target)
    project = find_project(port, request.project)
    manifest = load_manifest(project)
    model = project_model(project, manifest)
    tensor, name = profile_input(project, manifest, request.image)
    engine = None
    if request.reference:
        try:
            engine = ReferenceEngine(model)
        except UnsupportedOpError as error:
            on_warning(f"Nothing is compared with the host: {error.message}")
    with Session.open(port, request.baud, trace=trace, on_log=on_log) as session:
        check_firmware(session.hello(), manifest)
        return profile_model(
            session, model, tensor, engine, name=manifest.model.name, input_name=name
        )


def emulated_port(target: str) -> str:
    """The port that `target` names; a project folder is emulated, all its inferences counted."""
    return f"{SCHEME}{target}?count=all" if (Path(target) / MANIFEST_NAME).is_file() else target


def profile_input(
    project: Path, manifest: Manifest, image: Path | None
) -> tuple[NDArray[np.int8], str]:
    """The input tensor, int8 in its shape, and what it is in a few words.

    Raises DataSetError when the picture cannot be decoded.
    """
    shape = manifest.input.shape
    if image is None and manifest.samples is None:
        noise = np.random.default_rng(NOISE_SEED).integers(-128, 128, shape, dtype=np.int8)
        return noise, f"noise of seed {NOISE_SEED}"
    if image is not None:
        picture: Picture = FilePicture(image)
    else:
        classes = load_classes(
            None if manifest.labels is None else project / manifest.labels, manifest.output.bytes
        )
        samples = project / str(manifest.samples)
        picture = load_data_set(samples, classes, limit=1).items[0].picture
    pixels = picture.decode(picture.read(), manifest.preprocessing.color)
    return preprocess(pixels, manifest.preprocessing, shape), Path(picture.place).name
