"""The choices that an export takes by name, and the compiler and linker flags of a project: the
same for `mcuzoo build` and for its CMake files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from mcuzoo.errors import UsageError, did_you_mean

MANIFEST_NAME = "mcuzoo.json"
"""The manifest of a project, in its folder."""
PYTHON_AGENT = "agent/mcuzoo_agent.py"
"""The Python agent of a project for Linux, in its folder."""

RUNTIMES = ("aot", "tflm")
"""Ahead-of-time C; TFLite-Micro."""

PROJECTS = ("cmake", "mcuxpresso")
"""Stand-alone CMake project; application for NXP's MCUXpresso SDK."""

BUNDLED = "signs"
"""The model that comes with mcuzoo."""
DEFAULT_MODEL = "mobilenet_v1_0.25_128"
"""The model of a command that is given none."""
DEFAULT_BOARD = "rt1170"
"""The board of a try that is given none."""
DEFAULT_RUNTIME, DEFAULT_PROJECT = "tflm", "mcuxpresso"
"""The defaults of export and fit."""

KEPT_OUTPUT_BYTES = 1024
"""A firmware keeps an output of at most this size while the next input arrives
(MZ_IMAGE_KEPT_BYTES)."""


def why_not_kept(output_bytes: int) -> str:
    """Why a firmware takes no input while it works on another one; "" if it does."""
    if output_bytes <= KEPT_OUTPUT_BYTES:
        return ""
    return f"its output has more than the {KEPT_OUTPUT_BYTES:,} bytes that the board keeps"


WeightsChoice = str
"""Where a model's constants live while it runs: one of WEIGHTS, or a memory region of the board."""

WEIGHTS = ("auto", "flash", "ram")
"""auto: array by array, by estimate. flash: all in flash. ram: all in one region of RAM."""


def check_runtime(name: str) -> str:
    """`name` itself; raises UsageError when it is unknown."""
    return _check("--runtime", name, RUNTIMES)


def check_project(name: str, option: str = "--project") -> str:
    """`name` itself; raises UsageError, about `option`, when it is unknown."""
    return _check(option, name, PROJECTS)


def check_weights(name: str, regions: Sequence[str] = ()) -> WeightsChoice:
    """`name` itself; raises UsageError when it is none of WEIGHTS and none of the board's regions
    for weights."""
    places = (*WEIGHTS, *regions)
    if name in places:
        return name
    raise UsageError(
        f"--weights {name}: no such place.",
        f"{did_you_mean(name, places)}--weights takes {', '.join(places)}.",
    )


def _check(option: str, name: str, kinds: tuple[str, ...]) -> str:
    if name not in kinds:
        raise UsageError(
            f"{option} {name}: no such kind; mcuzoo knows {', '.join(kinds)}.",
            f"{did_you_mean(name, kinds)}Use {option} {' or '.join(kinds)}.",
        )
    return name


TOOLCHAINS = ("gcc", "zig")
TFLM_TOOLCHAINS = ("gcc",)
"""Zig has no C++ library for a bare board."""

OPTIMIZATION = "-O2"
OPTIMIZATIONS = ("-O0", "-O1", "-O2", "-O3", "-Os")
SIZE = "-Os"

COMPUTING = ("firmware/calibrate/", "firmware/kernels/", "firmware/runtime/", "model/")
"""Where the sources are that an inference goes through. Start-up, console, link and application
wait for the line: a build for speed makes them small."""
FAST = (*COMPUTING, "firmware/port/cortex_m7/mz_string.c")
"""With what kernels call elsewhere."""
SMALL = (
    "mz_add_s8_dsp",
    "mz_broadcast",
    "mz_depthwise_conv_2d_s8_dsp",
    "mz_depthwise_taps",
    "mz_mean_s8",
    "mz_model",
    "mz_pointwise_s8_dsp",
    "mz_pool",
    "mz_requantize_block",
)
"""Names of those that are small, too: at most 1.5 % more modelled cycles of a model, by `profile
--cycles`, since most spend their time in assembly, or in what they call."""

_COMMON = (
    "-std=c11",
    "-g",
    "-ffreestanding",
    # With -ffreestanding alone every small memcpy in the kernels' inner loops becomes a call.
    "-fbuiltin",
    # Kernels use scratch memory of the arena as one type after another.
    "-fno-strict-aliasing",
    "-ffunction-sections",
    "-fdata-sections",
    "-fno-unwind-tables",
    "-fno-asynchronous-unwind-tables",
    "-Wall",
    "-Wextra",
    "-Werror",
)

LINK_FLAGS = ("-nostdlib", "-Wl,--gc-sections", "-Wl,-e,mz_reset_handler")
"""Without the linker script. That one names the entry too, but Zig asks the linker for another."""

LINUX_TOOLCHAINS = ("zig", "gcc")
"""Of a program for Linux. Zig first: it brings the C library along."""

_LINUX_COMMON = (
    "-std=c11",
    "-g",
    "-ffunction-sections",
    "-fdata-sections",
    # Kernels use scratch memory of the arena as one type after another.
    "-fno-strict-aliasing",
    "-Wall",
    "-Wextra",
    "-Werror",
)

_LINUX_LINK = ("-static", "-Wl,--gc-sections", "-Wl,--strip-debug", "-Wl,--build-id=none")
"""The names stay, for whoever looks into a fault; where sources lie on one machine does not."""

_COMPILE = {
    # Without it gcc would make memset call itself.
    "gcc": ("-fno-tree-loop-distribute-patterns",),
    # Zig traps undefined behaviour by default; the sanitized builds are on the host.
    "zig": ("-fno-sanitize=all",),
}

_ZIG_FPU = {"fpv5-d16": "fp_armv8d16", "fpv5-sp-d16": "fp_armv8d16sp"}

_LIBRARIES = {
    "gcc": ("-lgcc",),
    # Zig links its own run-time library without being asked.
    "zig": (),
}


# For the user's TFLM tree: hosted C++ and C, whose warnings are not ours to judge. Its maths comes
# from the compiler's own C library; nothing of that needs an operating system.
CXX_FLAGS = ("-std=c++17", "-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics")
_TFLM = (
    "-g",
    "-fbuiltin",
    "-ffunction-sections",
    "-fdata-sections",
    "-fno-unwind-tables",
    "-fno-asynchronous-unwind-tables",
)
_TFLM_LIBRARIES = ("-lm", "-lc", "-lgcc")


def is_cxx(source: str) -> bool:
    """TFLM's C++ files end in .cc, those of NXP's copy of it in .cpp."""
    return source.endswith((".cc", ".cpp"))


def check_optimization(level: str) -> str:
    """The compiler flag for `level`: 0, 1, 2, 3 or s, or that flag. Raises UsageError."""
    flag = f"-O{level.removeprefix('-O')}"
    if flag not in OPTIMIZATIONS:
        raise UsageError(f"-O {level}: no such level.", f"One of {' '.join(OPTIMIZATIONS)}.")
    return flag


def source_optimization(source: str, level: str) -> str:
    """The level for the file `source` of a project that is built at `level`."""
    if level not in ("-O2", "-O3"):
        return level
    small = PurePosixPath(source).stem in SMALL or not source.startswith(FAST)
    return SIZE if small else level


def machine_flags(toolchain: str, core: str, fpu: str) -> tuple[str, ...]:
    """Flags that choose the core; `core` and `fpu` in Arm's spelling (cortex-m7, fpv5-d16)."""
    if toolchain == "zig":
        # Zig's cores come without an FPU.
        cpu = f"{core.replace('-', '_')}+{_ZIG_FPU[fpu]}"
        return ("-target", "thumb-freestanding-eabihf", f"-mcpu={cpu}")
    return (f"-mcpu={core}", "-mthumb", f"-mfpu={fpu}", "-mfloat-abi=hard")


def linux_machine_flags(toolchain: str, core: str) -> tuple[str, ...]:
    """Flags that choose the core of a board that runs Linux; `core` in Arm's spelling."""
    if toolchain == "zig":
        return ("-target", "aarch64-linux-musl", f"-mcpu={core.replace('-', '_')}")
    return (f"-mcpu={core}",)


def linux_compile_flags(toolchain: str) -> tuple[str, ...]:
    """Flags for every C file of a program for Linux, less the optimization level."""
    return _LINUX_COMMON + (("-fno-sanitize=all",) if toolchain == "zig" else ())


def linux_link_flags(toolchain: str) -> tuple[str, ...]:
    """Flags of the linker for such a program, which needs nothing of the board's own libraries."""
    return _LINUX_LINK if toolchain == "zig" else ("-no-pie", *_LINUX_LINK)


def compile_flags(toolchain: str) -> tuple[str, ...]:
    """Flags for every C file, less the optimization level."""
    return _COMMON + _COMPILE[toolchain]


def cxx_flags() -> tuple[str, ...]:
    """Flags for our C++ files, less the optimization level; Arm's GCC only."""
    return (*CXX_FLAGS, *_TFLM, "-Wall", "-Wextra", "-Werror")


def tflm_flags(source: str) -> tuple[str, ...]:
    """Flags for the file `source` of a TFLM tree, less the optimization level."""
    return (*(CXX_FLAGS if is_cxx(source) else ("-std=c11",)), *_TFLM, "-w")


def link_libraries(toolchain: str, tflm: bool = False) -> tuple[str, ...]:
    """What is linked after the objects. tflm: with TFLM among them."""
    return _TFLM_LIBRARIES if tflm else _LIBRARIES[toolchain]
