"""Optional packages: which are needed, which are missing, and the command that installs them.

A command asks for everything that its options will need before it does anything, so that a user
installs once. The line names the packages themselves, not an extra of mcuzoo: that is right for an
installation from an index, from a checkout and from a wheel alike.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterable
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from mcuzoo.errors import MissingExtraError, command

PACKAGES = {
    "unicorn": ("unicorn", "emulator"),
    "capstone": ("capstone", "timing"),
    "ziglang": ("ziglang", "toolchain"),
    "pillow": ("PIL", "images"),
    "opencv-python-headless": ("cv2", "images"),
    "ai-edge-litert": ("ai_edge_litert", "engines"),
    "tflite-micro": ("tflite_micro", "engines"),
    "matplotlib": ("matplotlib", "report"),
    "pytest": ("pytest", "pytest"),
    "tensorflow": ("tensorflow", "tensorflow"),
    "onnx2tf": ("onnx2tf", "onnx"),
    "onnx": ("onnx", "onnx"),
    "onnxruntime": ("onnxruntime", "onnx"),
    "pyocd": ("pyocd", "flash"),
    "spsdk": ("spsdk", "flash"),
    "labgrid": ("labgrid", "farm"),
    "ethos-u-vela": ("ethosu.vela", "npu"),
}
"""Each optional package: the module that it contains, and the extra of mcuzoo that lists it."""

EMULATOR = ("unicorn",)
TIMING = ("capstone",)
"""The package that the cycle model decodes instructions by."""
LITERT = "ai-edge-litert"
TFLM = "tflite-micro"
VELA = "ethos-u-vela"
ONNX = ("onnx2tf", "onnx", "onnxruntime")
RESIZER = "opencv-python-headless"
IMAGES = ("pillow", RESIZER)
"""The packages that make an input tensor of an image file."""
CHARTS = ("matplotlib",)
"""The package that draws the charts of a page."""

_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9._-]+)\s*([^;]*)")


def require_packages(packages: Iterable[str], why: str) -> None:
    """Raise one MissingExtraError that names all of `packages` that are not installed."""
    missing = missing_packages(packages)
    if missing:
        raise missing_error(missing, why)


def missing_packages(packages: Iterable[str]) -> list[str]:
    """The packages that are not installed, each once, in their order. Imports none of them."""
    return [name for name in dict.fromkeys(packages) if not _is_there(PACKAGES[name][0])]


def missing_error(packages: Iterable[str], why: str) -> MissingExtraError:
    """`why` is what cannot be done without them, such as "Decoding images"."""
    names = list(dict.fromkeys(packages))
    many = len(names) > 1
    extras = ",".join(dict.fromkeys(PACKAGES[name][1] for name in names))
    return MissingExtraError(
        f"{why} needs the Python package{'s' if many else ''} {' and '.join(names)}, which "
        f"{'are' if many else 'is'} not installed (extra{'s' if ',' in extras else ''} {extras}).",
        install_command(names),
    )


def install_command(packages: Iterable[str]) -> str:
    """What to type to get `packages`, in the versions that mcuzoo takes, into this environment."""
    bounds = _bounds()
    wanted = command(*(f"{name}{bounds.get(name, '')}" for name in packages))
    return f"{_installer()} {wanted}"


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def _installer() -> str:
    """The command for pip of this environment: `pip` if the shell would find that one."""
    python = Path(sys.executable)
    if not _is_there("pip"):
        return command("uv", "pip", "install", "--python", python)
    found = shutil.which("pip")
    if found is not None and Path(found).parent == python.parent:
        return "pip install"
    return command(python, "-m", "pip", "install")


def _bounds() -> dict[str, str]:
    """Version bounds by package, as this installation of mcuzoo states them."""
    try:
        stated = metadata.requires("mcuzoo") or []
    except metadata.PackageNotFoundError:
        return {}
    found = (_REQUIREMENT.match(line) for line in stated)
    return {match[1].lower(): match[2].replace(" ", "") for match in found if match}
