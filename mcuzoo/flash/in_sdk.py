"""The way through NXP's MCUXpresso SDK: west flash."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from mcuzoo.codegen.mcuxpresso import CONFIGURATIONS, SDK_VARIABLE
from mcuzoo.errors import ProjectError, UsageError, command, did_you_mean
from mcuzoo.flash.image import Payload
from mcuzoo.flash.options import FlashOptions
from mcuzoo.flash.probes import Probe, find_jlink, find_linkserver
from mcuzoo.flash.tools import find_tool, run_tool
from mcuzoo.flash.way import Job, Obstacle, Update, Way


class WestWay(Way):
    """`west flash` in the user's SDK, for an application that was built there."""

    name = "west"
    compares = ""

    @classmethod
    def obstacle(cls, payload: Payload, options: FlashOptions) -> Obstacle | None:
        if payload.manifest.sdk is None:
            return Obstacle(f"{payload.manifest.name} is not an application for the MCUXpresso SDK")
        if payload.header_built:
            return Obstacle("the build has no boot header, and west flashes it as it is")
        if find_tool("west") is None:
            return Obstacle("west is not on the PATH", "pip install west")
        if not (options.sdk or os.environ.get(SDK_VARIABLE)):
            return Obstacle(f"--sdk DIR or {SDK_VARIABLE} has to name the SDK's folder mcuxsdk")
        return None

    @classmethod
    def drives(cls, probe: Probe, job: Job) -> bool:
        return _runner(job) in probe.tools

    def check(self) -> None:
        self._check_same_elf()

    def steps(self) -> Sequence[str]:
        return [f"cd {command(self._sdk)}", command(*self._words())]

    def write(self, update: Update) -> None:
        update("programming", 0, None)
        run_tool(self._words(), self.job.limit_s, self._sdk)

    @property
    def _sdk(self) -> Path:
        return Path(self.job.options.sdk or os.environ[SDK_VARIABLE]).resolve()

    @property
    def _folder(self) -> Path:
        """Of the SDK's build; the manifest has its configuration as the optimization."""
        configuration = self.job.payload.build.optimization
        known = configuration if configuration in CONFIGURATIONS else CONFIGURATIONS[0]
        return self.job.payload.project.resolve() / "build" / known

    def _words(self) -> list[str]:
        runner = _runner(self.job)
        words = ["-d", str(self._folder), "-r", runner, "--skip-rebuild"]
        if self.job.probe_id:
            words += ["--probe" if runner == "linkserver" else "--dev-id", self.job.probe_id]
        return [find_tool("west") or "west", "flash", *words]

    def _check_same_elf(self) -> None:
        """west flashes what is in the SDK's build folder, not mcuzoo's copy of it."""
        payload = self.job.payload
        again = command("mcuzoo", "build", payload.project)
        elves = sorted(self._folder.glob("*.elf"))
        if len(elves) != 1:
            raise ProjectError(f"{self._folder} holds {len(elves)} ELF files, not one.", again)
        if elves[0].read_bytes() != payload.elf.read_bytes():
            raise ProjectError(
                f"{elves[0]} was built after mcuzoo build, which did not see it.", again
            )


def _runner(job: Job) -> str:
    """The one that was asked for, or the first of the board's whose program is here."""
    sdk = job.payload.board.sdk
    known = () if sdk is None else sdk.runners
    wanted = job.options.runner
    if wanted is None:
        here = {"jlink": find_jlink(), "linkserver": find_linkserver()}
        return (*(name for name in known if here.get(name)), *known)[0]
    if wanted not in known:
        raise UsageError(
            f"--runner {wanted}: {job.payload.board.id} has {', '.join(known)}.",
            f"{did_you_mean(wanted, known)}--runner takes one of them.",
        )
    return wanted
