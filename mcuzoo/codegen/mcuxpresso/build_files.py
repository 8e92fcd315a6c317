"""What the SDK's build system and the reader find at the top of an SDK application."""

from __future__ import annotations

from mcuzoo.board.model import Board
from mcuzoo.codegen.build_files import id_files
from mcuzoo.codegen.mcuxpresso.sdk import CONFIGURATIONS
from mcuzoo.codegen.readme import region_contents
from mcuzoo.codegen.templates import render
from mcuzoo.plan.memory import MemoryPlan
from mcuzoo.project.flags import CXX_FLAGS, OPTIMIZATION
from mcuzoo.project.manifest import Manifest
from mcuzoo.quoting import file_stem

_PORT = ("boards/", "firmware/port/mcuxsdk/")
"""What includes the SDK's headers, which are not free of all that -Wextra finds."""
_COMPUTING = ("firmware/kernels/", "firmware/runtime/", "model/")


def render_sdk_build_files(manifest: Manifest, board: Board, plan: MemoryPlan) -> dict[str, str]:
    """CMakeLists.txt, its parts, Kconfig, prj.conf, CMakePresets.json and README.md."""
    assert manifest.sdk is not None
    sources = manifest.sources
    computing = [path for path in sources if path.startswith(_COMPUTING)]
    facts = {
        "manifest": manifest,
        "board": board,
        "sdk_board": manifest.sdk.board,
        "core_id": manifest.sdk.core_id,
        "cmake_name": file_stem(manifest.name),
        "minimum": manifest.sdk.minimum_version,
        "configs": CONFIGURATIONS,
        "optimization": OPTIMIZATION,
        "kernels": [path for path in computing if path.endswith(".c")],
        "adapters": [path for path in computing if path.endswith(".cc")],
        "cmsis_nn": manifest.tflm is not None and manifest.tflm.kernels == "cmsis-nn",
        "cxx_flags": CXX_FLAGS,
        "port": [path for path in sources if path.startswith(_PORT)],
        "others": [
            path
            for path in sources
            if not path.startswith((*_COMPUTING, *_PORT)) or path.endswith(".S")
        ],
        "contents": region_contents(plan),
    }
    names = ("CMakeLists.txt", "CMakePresets.json", "Kconfig", "prj.conf", "README.md")
    parts = ("sdk.cmake", "tflm.cmake") if manifest.tflm else ("sdk.cmake",)
    return {
        **id_files(manifest),
        **{name: render(f"mcuxpresso/{name}.j2", **facts) for name in names},
        **{f"cmake/{name}": render(f"mcuxpresso/{name}.j2", **facts) for name in parts},
    }
