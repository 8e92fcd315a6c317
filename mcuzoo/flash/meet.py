"""Meet the board after it was flashed: does it run what was written?"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mcuzoo.errors import (
    BoardSilentError,
    FirmwareError,
    PortError,
    RigError,
    WrongFirmwareError,
    command,
)
from mcuzoo.flash.image import Payload
from mcuzoo.flash.probes import Probe
from mcuzoo.link.hello import Hello
from mcuzoo.link.ports import USB, PortInfo, by_usb_name
from mcuzoo.link.survey import Surveyed, survey
from mcuzoo.project.manifest import Manifest
from mcuzoo.rig.find_board import AUTO, known_ports, may_be_asked

_POLL_S = 0.25


@dataclass(frozen=True)
class Met:
    """The port where the board answers, and what it says.

    hello: its answer.
    """

    port: str
    hello: Hello


@dataclass(frozen=True)
class Wanted:
    """Where to ask. port: as the user gave it; None or "auto": the ports of the probe, or else all
    that may be asked. probe: through which the board was flashed. baud: of the firmware's console.
    wait_s: how long to ask."""

    port: str | None
    baud: int
    wait_s: float
    probe: Probe | None = None

    @property
    def by_hand(self) -> bool:
        """Whether the user named the port."""
        return self.port is not None and self.port != AUTO


def meet(
    payload: Payload,
    wanted: Wanted,
    say: Callable[[str], None] = lambda text: None,
    list_ports: Callable[[], Sequence[PortInfo]] = known_ports,
) -> Met:
    """The board that runs the build that was flashed.

    Raises PortError if there is no port, BoardSilentError if nothing answers in time,
    WrongFirmwareError if what answers runs something else, FirmwareError if the board cannot run
    its model, RigError if several boards run this build and it is not known which was flashed.
    """
    deadline = time.monotonic() + wanted.wait_s
    while True:
        asked = survey(_ports(wanted, list_ports()), [wanted.baud])
        running = [one for one in asked if one.hello and _is_build(one.hello, payload)]
        if len(running) == 1:
            return _checked(running[0], payload)
        if running:
            names = [one.port.device for one in running]
            raise RigError(
                f"{len(running)} boards run this build, at {', '.join(names)}: which of them was "
                "flashed is not known.",
                f"Name its port: {command('--port', names[0])}",
            )
        if time.monotonic() >= deadline:
            raise _nobody(payload, wanted, asked)
        time.sleep(_POLL_S)


def _ports(wanted: Wanted, listed: Sequence[PortInfo]) -> list[PortInfo]:
    if wanted.by_hand:
        assert wanted.port is not None
        if wanted.port.lower().startswith(USB):
            return by_usb_name(wanted.port, listed)
        return [PortInfo(wanted.port)]
    probe = wanted.probe
    if probe is not None and probe.ports:
        # By the USB device: after a reset the system may give its ports other names.
        keys = {port.usb_id for port in probe.ports}
        return [port for port in listed if port.usb_id in keys]
    return [port for port in listed if may_be_asked(port)]


def _is_build(hello: Hello, payload: Payload) -> bool:
    return hello.build_id == payload.build.build_id


def _checked(found: Surveyed, payload: Payload) -> Met:
    hello, manifest = found.hello, payload.manifest
    assert hello is not None
    facts = [("is a", hello.board, manifest.board)]
    if isinstance(manifest, Manifest):
        facts.append(("has the model", hello.model_sha256, manifest.model.sha256))
    for what, said, expected in facts:
        if said != expected:
            raise WrongFirmwareError(
                f"The board at {found.port.device} {what} {said}, the project has {expected}.",
                command("mcuzoo", "ports"),
            )
    if hello.runtime_error:
        raise FirmwareError(
            f"The flash is written, and the board cannot run its model: {hello.runtime_error}",
            "Export the project again (mcuzoo fit shows what fits), build and flash it.",
        )
    return Met(found.port.device, hello)


def _nobody(
    payload: Payload, wanted: Wanted, asked: Sequence[Surveyed]
) -> PortError | BoardSilentError | WrongFirmwareError:
    done = "The flash is written"
    switches = payload.board.boot.switches
    boot = f" Do its boot switches stand at {switches}? Press reset." if switches else ""
    others = [one for one in asked if one.hello is not None]
    if others:
        said = "; ".join(
            f"{one.port.device} is {one.hello.board} with the build {one.hello.build_id[:8]}"
            for one in others
            if one.hello is not None
        )
        return WrongFirmwareError(
            f"{done}, but no board runs the build {payload.build.build_id[:8]}: {said}.",
            f"Is it the board that the probe is on? --port names its console.{boot}",
        )
    if not asked:
        return PortError(
            f"{done}, but there is no port to ask the board at.",
            "Plug its console in and name it: --port PORT; --no-hello asks nobody.",
        )
    silent = "; ".join(f"{one.port.device}: {one.trouble.rstrip('.')}" for one in asked)
    return BoardSilentError(
        f"{done}, but the board has not said HELLO within {wanted.wait_s:g} s: {silent}.",
        f"--port names its console, --wait S waits longer.{boot}",
    )
