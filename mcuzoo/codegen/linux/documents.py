"""What a project for Linux has beside its C: the Python agent, README and systemd unit."""

from __future__ import annotations

from mcuzoo.board.linux import LinuxBoard
from mcuzoo.codegen.templates import render
from mcuzoo.project.kinds import PYTHON_AGENT
from mcuzoo.project.manifest import Manifest
from mcuzoo.quoting import file_stem
from mcuzoo.resources import firmware_dir

README = "README.md"
PORT = 3737
"""The TCP port of the agents, on the board's loopback."""


def python_agent() -> dict[str, bytes]:
    """The agent for the BSP's TFLite, by path in the project."""
    return {PYTHON_AGENT: (firmware_dir() / PYTHON_AGENT).read_bytes()}


def unit_path(manifest: Manifest) -> str:
    """The systemd unit's path in the project."""
    return f"agent/{_place(manifest)}.service"


def documents(manifest: Manifest, board: LinuxBoard, systemd: bool) -> dict[str, str]:
    """README.md and, if wanted, the unit, by path in the project."""
    facts = {
        "manifest": manifest,
        "board": board,
        "place": _place(manifest),
        "unit": unit_path(manifest) if systemd else "",
        "port": PORT,
    }
    texts = {README: render("linux/README.md.j2", **facts)}
    if systemd:
        texts[unit_path(manifest)] = render("linux/agent.service.j2", **facts)
    return texts


def _place(manifest: Manifest) -> str:
    """The project's folder on the board, and its unit's name: a word in any shell."""
    return f"mcuzoo-{file_stem(manifest.name)}"
