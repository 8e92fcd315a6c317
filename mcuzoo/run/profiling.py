"""From what the user typed to a profile: port, project, picture, reference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from mcuzoo.data.dataset import load_data_set
from mcuzoo.data.images import FilePicture, Picture
from mcuzoo.data.labels import Classes
from mcuzoo.data.preprocess import preprocess
from mcuzoo.emulator.url import SCHEME, port_packages
from mcuzoo.engines.reference import ReferenceEngine
from mcuzoo.errors import UnsupportedOpError, UsageError
from mcuzoo.extras import IMAGES, require_packages
from mcuzoo.link.channel import DeviceLog
from mcuzoo.link.session import Session
from mcuzoo.link.state import LinkState
from mcuzoo.profile import ModelProfile, profile_model
from mcuzoo.project.manifest import MANIFEST_NAME, Manifest, load_manifest, load_project
from mcuzoo.project.rules import inside
from mcuzoo.run.project import baud_note, find_project, project_baud, project_model
from mcuzoo.run.rig import OpenSession, check_firmware
from mcuzoo.run.upload import (
    Upload,
    own_samples,
    prepare_upload,
    require_universal,
    uploading,
)
from mcuzoo.zoo.registry import resolve_model

NOISE_SEED = 1234
# Labels do not matter here.
_ANY_CLASSES = 1 << 20


@dataclass(frozen=True)
class ProfileRequest:
    """The options of `mcuzoo profile`. `target` is a port or a project folder to emulate.

    upload: the model that a universal project is to run. baud: None: the project's.
    """

    target: str
    project: Path | None = None
    image: Path | None = None
    baud: int | None = None
    reference: bool = True
    upload: str | None = None


def profile_target(
    request: ProfileRequest,
    *,
    trace: TextIO | None = None,
    on_log: Callable[[DeviceLog], None] | None = None,
    on_warning: Callable[[str], None] = lambda text: None,
    say: Callable[[str], None] = lambda text: None,
) -> ModelProfile:
    """Profile one inference on a board that runs the project's newest build.

    The input is the picture `image`, preprocessed; without one, the first sample of the project or
    uploaded model; without samples, noise. Raises UsageError, ProjectError, DataSetError before a
    port is touched, then what the link raises, and WrongFirmwareError.
    """
    port = emulated_port(request.target)
    project = _project(port, request, say)
    upload = None
    if request.upload is not None:
        universal = require_universal(load_project(project), project)
        upload = prepare_upload(resolve_model(request.upload), universal)
    manifest = load_manifest(project) if upload is None else upload.manifest
    samples = _samples(project, manifest, upload)
    pictures = request.image is not None or samples is not None
    require_packages((*port_packages(port), *(IMAGES if pictures else ())), "This command")
    model = project_model(project, manifest) if upload is None else upload.model
    tensor, name = _input(manifest, request.image, samples)
    engine = None
    if request.reference:
        try:
            engine = ReferenceEngine(model)
        except UnsupportedOpError as error:
            on_warning(f"Nothing is compared with the host: {error.message}")

    rate = project_baud(project, manifest)
    baud = request.baud or rate

    def connect(state: LinkState) -> Session:
        return Session.open(
            port, baud, trace=trace, on_log=on_log, state=state, baud_note=baud_note(baud, rate)
        )

    opened: OpenSession = connect
    if upload is not None:
        opened = uploading(connect, upload, lambda arrived, whole: None)
    with opened(LinkState()) as session:
        check_firmware(session.hello(), manifest)
        return profile_model(
            session, model, tensor, engine, name=manifest.model.name, input_name=name
        )


def emulated_port(target: str) -> str:
    """The port that `target` names; a project folder is emulated, all its inferences counted."""
    return f"{SCHEME}{target}?count=all" if (Path(target) / MANIFEST_NAME).is_file() else target


def _project(port: str, request: ProfileRequest, say: Callable[[str], None]) -> Path:
    try:
        return find_project(
            port,
            request.project,
            universal=request.upload is not None,
            baud=request.baud,
            say=say,
        )
    except UsageError:
        raise UsageError(
            f"{request.target!r} is no project folder, so it is a port, and which project its "
            "board runs is not known.",
            "Name it: --project DIR. A project folder has a mcuzoo.json: mcuzoo export makes one.",
        ) from None


def _samples(project: Path, manifest: Manifest, upload: Upload | None) -> Path | None:
    if upload is not None:
        return own_samples(upload)
    return None if manifest.samples is None else inside(project, manifest.samples)


def _input(
    manifest: Manifest, image: Path | None, samples: Path | None
) -> tuple[NDArray[np.int8], str]:
    """The input tensor, int8 in its shape, and what it is in a few words.

    Raises DataSetError when the picture cannot be decoded.
    """
    recipe, shape = manifest.preprocessing, manifest.input.shape
    if image is not None:
        picture: Picture = FilePicture(image)
    elif samples is not None and _takes_pictures(shape):
        picture = load_data_set(samples, Classes(_ANY_CLASSES), limit=1).items[0].picture
    else:
        noise = np.random.default_rng(NOISE_SEED).integers(-128, 128, shape, dtype=np.int8)
        return noise, f"noise of seed {NOISE_SEED}"
    pixels = picture.decode(picture.read(), recipe.color)
    return preprocess(pixels, recipe, shape), Path(picture.place).name


def _takes_pictures(shape: tuple[int, ...]) -> bool:
    return len(shape) in (3, 4) and shape[-1] in (1, 3)
