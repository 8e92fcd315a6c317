"""All commands by name; each is imported when it is called."""

from __future__ import annotations

from importlib import import_module
from keyword import iskeyword
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mcuzoo.cli.options import Command

COMMANDS = {
    "try": "Inspect, fit, export and build MODEL, boot the emulated board, run pictures, judge.",
    "demo": "Export the bundled model, build it, boot the emulated board, stream images, judge.",
    "init": "Write a mcuzoo.toml with comments, and workflows for GitHub Actions or GitLab CI.",
    "config": "Show what mcuzoo.toml and MCUZOO_* say, value by value, and where.",
    "doctor": "Look at this machine: what is there, what is missing, the command that mends it.",
    "boards": "List the boards, their clocks and memory regions.",
    "models": "List the models that mcuzoo knows by name, with published and measured figures.",
    "fetch": "Get MODEL into the cache over https, check it, and convert UINT8 to INT8.",
    "inspect": "Show a model's ops, shapes, quantization, MACs, parameters and runtimes.",
    "convert": "Rewrite a UINT8 model to INT8 and align its constants, and say what that changed.",
    "fit": "Plan MODEL's memory on a board, region by region. Exit code 1 when it does not fit.",
    "export": (
        "Render MODEL for a board as an application for NXP's SDK, or as a project of its own."
    ),
    "build": (
        "Build PROJECT into ELF, .bin and .hex: with arm-none-eabi-gcc or Zig, or in NXP's SDK."
    ),
    "sbom": "List what PROJECT's firmware consists of, as a CycloneDX document.",
    "emulate": "Boot an image as the board's ROM would and print the port of its console.",
    "flash": "Write PROJECT's build into a board's flash, read it back, and meet the board.",
    "probes": "List the debug probes of this machine and the tools here that drive them.",
    "ports": "List the serial ports of this machine and the boards that answer there.",
    "rig": "Write the file of a rig from what is plugged in, and meet all of its boards.",
    "run-serial": "Run images on a board, or several, and compare with labels and host.",
    "watch": "Answer each new picture in a folder, or of a camera, on a board, as it comes.",
    "evaluate": "Measure top-1 and top-5 of a model, per class, with confidence intervals.",
    "doctor-image": "Show a picture exactly as the network sees it.",
    "doctor-data": "Say what labelled pictures contradict of a model's recipe and label order.",
    "profile": (
        "Run one image and show each layer's cycles (instructions, when emulated) and correctness."
    ),
    "quantize": "Quantize SOURCE to full INT8 and say what that cost: accuracy before and after.",
    "compare": (
        "Run the same images on several projects: accuracy, outputs by layer, instructions, sizes."
    ),
    "verify": "Judge a file that Vela compiled for an Ethos-U against the model it is of.",
    "schema": "Print the JSON Schema of a document that --json prints.",
    "report": "Summarize a run, also an unfinished one; exits 0, unless budgets are named.",
    "history": "Show what runs found over time, by model and board, and since when it fails.",
    "bisect": "Say what differs between two runs, in order, and the first layer that does.",
    "completion": "Print the script that lets bash, zsh or fish complete mcuzoo's words.",
}
"""In the order of the help, with the first sentence of each.

Each is a module of mcuzoo.cli and its function of the same name, with _ for - (and after a word of
Python's own), whose docstring is the rest of its help; and EXAMPLES there: the words after the
command's name."""


def examples_of(name: str) -> tuple[tuple[str, ...], ...]:
    """Words that may follow the command's name, as its help shows them."""
    found: tuple[tuple[str, ...], ...] = _module(name).EXAMPLES
    return found


def command_of(name: str) -> Command:
    """The command of that name, one of COMMANDS."""
    found: Command = getattr(_module(name), _identifier(name))
    return found


def _identifier(name: str) -> str:
    return name.replace("-", "_") + "_" * iskeyword(name)


def _module(name: str) -> Any:
    return import_module(f"mcuzoo.cli.{_identifier(name)}")
