"""The boards of a rig file, of two kinds, emulated: one run, one verdict."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.commands import invoke

BuiltProject = Callable[..., Path]


@pytest.mark.full
def test_two_kinds_of_boards_share_the_images(
    built_project: BuiltProject, signs: Path, tmp_path: Path
) -> None:
    first, second = built_project("rt1050"), built_project("rt1170")
    rig = tmp_path / "rig.toml"
    boards_of = {"left": ("rt1050", first), "right": ("rt1170", second), "more": ("rt1170", second)}
    rig.write_text(
        "".join(
            f'[boards.{name}]\nboard = "{board}"\nport = "emulator://{project}"\n'
            f'project = "{project}"\ntags = ["both"]\n'
            for name, (board, project) in boards_of.items()
        )
    )
    met = invoke(("rig", "check", rig, "--filter", "name=right"))
    assert met.exit_code == 0 and "right  rt1170" in met.stdout, met.stdout + met.stderr
    run = tmp_path / "run"
    words = ("run-serial", "--rig", rig, "--filter", "tag=both", "--images", signs, "--out", run)
    done = invoke((*words, "--filter", "name=*t", "--json"))
    assert done.exit_code == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["reference"] == {"compared": 10, "equal": 10, "largest_difference": 0}
    boards = {one["name"]: one for one in document["boards"]}
    assert [one["facts"]["board"] for one in boards.values()] == ["rt1050", "rt1170"]
    assert sum(one["images"] for one in boards.values()) == 10 and document["verdict"]["passed"]
    # Counts of two kinds of chip are not one figure.
    assert document["latency"] is None
    assert document["settings"]["filters"] == ["tag=both", "name=*t"]
    # It is complete: a resume asks no board.
    assert invoke(("run-serial", "--resume", run)).exit_code == 0


def test_boards_that_cannot_run_together(
    built_project: BuiltProject, signs: Path, tmp_path: Path
) -> None:
    project = built_project("rt1050")
    rig = tmp_path / "rig.toml"
    rig.write_text(
        f'[boards.a]\nboard = "rt1050"\nport = "emulator://{project}"\n'
        f'[boards.b]\nboard = "rt1170"\nport = "emulator://{project}"\n'
    )
    words = ("run-serial", "--rig", rig, "--project", project, "--images", signs)
    done = invoke(words)
    assert done.exit_code == 2 and "b (rt1170 at emulator://" in done.stderr
    assert "--filter board=rt1050" in done.stderr
