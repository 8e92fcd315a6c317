"""Options of `mcuzoo init`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from mcuzoo.options import Option


@dataclass(frozen=True)
class InitOptions:
    """model None: the only .tflite file of the folder, else the bundled model. board: an id.
    github, gitlab: write a workflow for it, too."""

    model: Annotated[
        str | None,
        Option(
            "A model of the zoo, or a .tflite file, as from DIR [the only one in DIR, else signs].",
            "--model",
            "-m",
        ),
    ] = None
    board: Annotated[str, Option("One of mcuzoo boards, or a .toml file.", "--board", "-b")] = (
        "rt1170"
    )
    github: Annotated[bool, Option("Write a workflow for GitHub Actions, too.")] = False
    gitlab: Annotated[bool, Option("Write .gitlab-ci.yml, too.")] = False
