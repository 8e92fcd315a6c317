"""A TFLM project of a small model whose adapter is built for this machine, on the stand-in."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.exported import export_project, tflm_of
from helpers.fake_tflm import fake_tree
from helpers.host_firmware import HOST_PORT, TESTS, find_host_compiler
from helpers.objects import compile_c
from helpers.small_source import small_source

from mcuzoo.board.load import load_board
from mcuzoo.project.manifest import Manifest
from mcuzoo.resources import firmware_dir

NEEDS = 640
"""Bytes of arena, as the stand-in has it."""

C_FILES = (
    "firmware/runtime/tflm/mz_tflm_format.c",
    "firmware/runtime/tflm/mz_tflm_log.c",
    "firmware/runtime/tflm/fixed/mz_tflm_fixed.c",
    "model/mz_model.c",
    "model/mz_model_data.c",
)
STAND_IN = (
    "tensorflow/lite/micro/micro_interpreter.cc",
    "tensorflow/lite/micro/micro_log.cc",
)


class Adapter:
    """A TFLM project of the small model, and the adapter in it built for this machine."""

    def __init__(self, folder: Path, recording: bool = False) -> None:
        self.folder = folder
        self.tree = fake_tree(folder / "tree")
        self.source = replace(small_source(folder / "source"), name="small")
        self.project = folder / "project"
        self.manifest: Manifest = export_project(
            self.source, load_board("rt1050"), self.project, "tflm",
            recording=recording, **tflm_of(self.tree, "reference"),
        )  # fmt: skip

    def build(self, needs: int = NEEDS) -> Path:
        """The adapter under a harness: what it is told on its command line, it does and prints."""
        return self._link(f"adapter-{needs}", needs, C_FILES, "tflm_harness.cc")

    def build_board(self, needs: int = NEEDS) -> Path:
        """The whole firmware with the host's port, as a process that is a board."""
        project = self.project / "firmware"
        application = [
            path.relative_to(self.project).as_posix()
            for folder in ("app", "link", "upload/none", "image/whole")
            for path in sorted((project / folder).glob("*.c"))
        ]
        port = [str(firmware_dir() / name) for name in HOST_PORT]
        return self._link(f"board-{needs}", needs, (*C_FILES, *application, *port))

    def _link(self, name: str, needs: int, c_files: Sequence[str], *harness: str) -> Path:
        c, cxx = find_host_compiler(), shutil.which("g++") or shutil.which("clang++")
        if cxx is None:
            pytest.skip("no host C++ compiler")
        folders = [f"-I{firmware_dir() / 'port/host'}"] + [
            f"-I{self.project / name}" for name in ("firmware", "board", "model")
        ]
        folders.append(f"-I{firmware_dir()}")  # a project has no port of the host
        warnings = ("-Wall", "-Wextra", "-Werror", "-g")
        objects = []
        for file in c_files:
            objects.append(str(self.folder / f"{Path(file).stem}.o"))
            compile_c([*c, "-std=c11", *warnings, *folders, "-c", str(self.project / file),
                       "-o", objects[-1]])  # fmt: skip
        executable = self.folder / name
        facts = (f"-DFAKE_NEEDS={needs}u", f"-DFAKE_INPUT={self.manifest.input.bytes}u",
                 f"-DFAKE_OUTPUT={self.manifest.output.bytes}u", "-DFAKE_OPS=1")  # fmt: skip
        compile_c([cxx, "-std=c++17", *warnings, "-fno-exceptions", "-fno-rtti",
                   "-fno-threadsafe-statics", *facts, *folders, "-isystem", str(self.tree),
                   str(self.project / "firmware/runtime/tflm/mz_runtime_tflm.cc"),
                   *(str(TESTS / "firmware_host" / file) for file in harness),
                   *(str(self.tree / file) for file in STAND_IN),
                   *objects, "-o", str(executable)])  # fmt: skip
        return executable

    def run(self, executable: Path, *arguments: int) -> list[str]:
        done = subprocess.run(
            [str(executable), *map(str, arguments)], capture_output=True, text=True, check=True
        )
        return done.stdout.splitlines()
