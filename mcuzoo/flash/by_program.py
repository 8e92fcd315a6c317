"""The ways through a debug probe: pyOCD, LinkServer and J-Link Commander, each by its program."""

from __future__ import annotations

import sys
import tempfile
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path

from mcuzoo.errors import FlashError, command
from mcuzoo.extras import install_command, missing_packages
from mcuzoo.flash.image import Payload
from mcuzoo.flash.options import FlashOptions
from mcuzoo.flash.probes import GET_JLINK, GET_LINKSERVER, find_jlink, find_linkserver
from mcuzoo.flash.tools import ask_tool, run_tool
from mcuzoo.flash.way import Obstacle, Update, Way, compare
from mcuzoo.processes import Answer


class LinkServerWay(Way):
    """NXP's LinkServer: `load`, then `verify`, which reads the flash and compares."""

    name = "linkserver"
    compares = "read back and compared by LinkServer"

    @classmethod
    def obstacle(cls, payload: Payload, options: FlashOptions) -> Obstacle | None:
        if payload.board.linkserver_device is None:
            return Obstacle(f"the board file of {payload.board.id} has no linkserver_device")
        if find_linkserver() is None:
            return Obstacle("LinkServer is not on the PATH", GET_LINKSERVER)
        return None

    def steps(self) -> Sequence[str]:
        return [command(*self._words("load")), command(*self._words("verify"))]

    def write(self, update: Update) -> None:
        update("programming", 0, None)
        run_tool(self._words("load"), self.job.limit_s)
        update("comparing", 0, None)
        verify = self._words("verify")
        done = ask_tool(verify, self.job.limit_s)
        if done.code:
            raise FlashError(
                f"LinkServer finds another content in the flash: {done.last_words}",
                command(*verify),
            )

    def _words(self, what: str) -> list[str]:
        chosen = ["--probe", self.job.probe_id] if self.job.probe_id else []
        device = self.job.payload.board.linkserver_device
        assert device is not None
        program = find_linkserver() or "LinkServer"
        return [program, "flash", *chosen, device, what, str(self.job.payload.hex)]


class _ScriptedWay(Way):
    """A program that takes commands: it programs `image`, reads the flash back into the file `back`
    and resets the board.

    The commands name only files beside them, so that no path of the user's stands in them.
    """

    compares = "read back and compared"
    image, back = "image.hex", "back.bin"

    @property
    def copied(self) -> str:
        """The step before the program is run."""
        return command("cp", self.job.payload.hex, self.image)

    def write(self, update: Update) -> None:
        update("programming", 0, None)
        self._work(load=True)

    def compare_only(self) -> None:
        """Compare what is in the flash already, and reset the board. Raises RigError."""
        self._work(load=False)

    def _work(self, *, load: bool) -> None:
        payload = self.job.payload
        with tempfile.TemporaryDirectory(prefix="mcuzoo-") as place:
            folder = Path(place)
            (folder / self.image).write_bytes(payload.hex.read_bytes())
            done = self._run(folder, load)
            try:
                found = (folder / self.back).read_bytes()
            except OSError:
                raise FlashError(
                    f"{self.name} read nothing back. It said: {done.last_words}", ""
                ) from None
            compare(payload.content, found, payload.start)

    @abstractmethod
    def _run(self, folder: Path, load: bool) -> Answer:
        """Run the program in `folder`; load: program the flash, too. Raises ProbeError."""


class PyocdWay(_ScriptedWay):
    """pyOCD, for a CMSIS-DAP probe (MCU-Link, DAPLink), in a process of its own: it changes the
    current folder, and takes settings and Python code from there."""

    name = "pyocd"

    @classmethod
    def obstacle(cls, payload: Payload, options: FlashOptions) -> Obstacle | None:
        if payload.board.pyocd_target is None:
            return Obstacle(f"pyOCD does not know the chip of {payload.board.id}")
        if missing_packages(["pyocd"]):
            return Obstacle("pyOCD is not installed", install_command(["pyocd"]), package=True)
        return None

    def steps(self) -> Sequence[str]:
        return [self.copied, command("pyocd", *self._words())]

    def _run(self, folder: Path, load: bool) -> Answer:
        words = [sys.executable, "-m", "pyocd", *self._words(load)]
        return run_tool(words, self.job.limit_s, folder)

    def _words(self, load: bool = True) -> list[str]:
        payload = self.job.payload
        target = payload.board.pyocd_target
        assert target is not None
        words = ["commander", "--no-wait", "--no-config", "--project", ".", "--target", target]
        if self.job.probe_id:
            words += ["--probe", self.job.probe_id]
        # What else is in the first and the last sector stays.
        for option in ("chip_erase=sector", "keep_unwritten=true", "smart_flash=false"):
            words += ["-O", option]
        return [
            *words, "--connect", "halt",
            *(("-c", f"load {self.image}") if load else ()),
            "-c", f"savemem 0x{payload.start:X} 0x{len(payload.content):X} {self.back}",
            "-c", "reset",
        ]  # fmt: skip


class JLinkWay(_ScriptedWay):
    """SEGGER's J-Link Commander with a generated command file."""

    name = "jlink"
    script = "flash.jlink"

    @classmethod
    def obstacle(cls, payload: Payload, options: FlashOptions) -> Obstacle | None:
        if payload.board.jlink_device is None:
            return Obstacle(f"the board file of {payload.board.id} has no jlink_device")
        if find_jlink() is None:
            return Obstacle("JLinkExe is not on the PATH", GET_JLINK)
        return None

    def steps(self) -> Sequence[str]:
        lines = [f"{self.script}: {line}" for line in self._commands()]
        return [self.copied, *lines, command(*self._words())]

    def _run(self, folder: Path, load: bool) -> Answer:
        text = "".join(f"{line}\n" for line in self._commands(load))
        (folder / self.script).write_text(text, encoding="ascii")
        return run_tool(self._words(), self.job.limit_s, folder)

    def _commands(self, load: bool = True) -> list[str]:
        payload = self.job.payload
        return [
            "r",
            "h",
            *([f"loadfile {self.image}"] if load else []),
            f"savebin {self.back}, 0x{payload.start:X}, 0x{len(payload.content):X}",
            "r",
            "g",
            "exit",
        ]

    def _words(self) -> list[str]:
        device = self.job.payload.board.jlink_device
        assert device is not None
        chosen = ["-USB", self.job.probe_id] if self.job.probe_id else []
        return [
            find_jlink() or "JLinkExe",
            "-NoGui", "1", "-ExitOnError", "1", *chosen, "-Device", device, "-If", "SWD",
            "-Speed", "4000", "-AutoConnect", "1", "-CommandFile", self.script,
        ]  # fmt: skip
