"""What a run needs of a board on a link, and whether the board is the project's own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mcuzoo.errors import FirmwareError, WrongFirmwareError
from mcuzoo.link.hello import Hello
from mcuzoo.link.inference import Inference, Profile
from mcuzoo.link.state import LineCounts, LinkState
from mcuzoo.project.manifest import Manifest, ProjectManifest
from mcuzoo.run.record import BoardFacts


class BoardSession(Protocol):
    """The part of a link session that a run uses; `mcuzoo.link.session.Session` is one.

    Its methods raise RigError (silent, restarted, port gone) or ProtocolError (refused, faulty).
    """

    def hello(self) -> Hello: ...

    def infer(self, image_id: int, tensor: NDArray[np.int8]) -> Inference: ...

    def profile(self, image_id: int, tensor: NDArray[np.int8]) -> Profile: ...

    def ping(self) -> LineCounts: ...


OpenSession = Callable[[LinkState], AbstractContextManager[BoardSession]]
"""Opens a session that goes on with what earlier ones have learnt."""


def check_firmware(hello: Hello, manifest: Manifest) -> None:
    """Raise WrongFirmwareError unless the board runs the newest build of the project.

    Raises FirmwareError when it does, but its runtime could not be set up.
    """
    _check(
        ("is a", hello.board, manifest.board),
        ("runs the model", hello.model_sha256, manifest.model.sha256),
        ("runs the build", hello.build_id, _build_of(manifest, hello)),
        ("takes an input of bytes", hello.input.bytes, manifest.input.bytes),
        ("gives an output of bytes", hello.output.bytes, manifest.output.bytes),
    )
    if hello.runtime_error:
        raise FirmwareError(
            f"The board cannot run its model: {hello.runtime_error}",
            "Export the project again (mcuzoo fit shows what fits), build and flash it.",
        )


def check_build(hello: Hello, manifest: ProjectManifest) -> None:
    """Raise WrongFirmwareError unless the board runs the project's newest build, whatever model."""
    _check(
        ("is a", hello.board, manifest.board),
        ("runs the build", hello.build_id, _build_of(manifest, hello)),
    )


def _build_of(manifest: ProjectManifest, hello: Hello) -> str:
    """The build of the project that the board should run: any that is in the folder."""
    return hello.build_id if hello.build_id in manifest.build_ids else manifest.newest_build_id


def _check(*facts: tuple[str, str | int, str | int]) -> None:
    for what, found, expected in facts:
        if found != expected:
            raise WrongFirmwareError(
                f"The board at this port {what} {found}, the project has {expected}.",
                "mcuzoo build PROJECT, flash it (or emulate it), and use that project's folder.",
            )


def board_facts(hello: Hello) -> BoardFacts:
    """The part of `hello` that stays the same for a whole run."""
    return BoardFacts(
        board=hello.board,
        runtime=hello.runtime,
        toolchain=hello.toolchain,
        build_id=hello.build_id,
        model_sha256=hello.model_sha256,
        protocol_version=hello.protocol_version,
        core_clock_hz=hello.core_clock_hz,
        cpuid=hello.cpuid,
        emulated=hello.emulated,
        arena_bytes=hello.arena_bytes,
        arena_used=hello.arena_used,
        agent=hello.agent,
        count_unit=hello.count_unit,
    )
