"""What the README of a project for Linux says to type, typed: on a real sshd of this machine.

The board is a folder of this machine that its logins take for their home; its BSP is this Python.
"""

from __future__ import annotations

import getpass
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from helpers.own_sshd import OwnSshd, needs_sshd, own_sshd

from mcuzoo.codegen.export import export
from mcuzoo.codegen.options import ExportOptions

pytestmark = [pytest.mark.full, needs_sshd]


@dataclass(frozen=True)
class Desk:
    """project: what was exported. home: of the board. programs: ssh, scp and mcuzoo, as they reach
    the board."""

    project: Path
    home: Path
    programs: Path

    def type(self, line: str) -> subprocess.CompletedProcess[str]:
        """Type a line of the README in the project's folder."""
        login = line.replace("root@", f"{getpass.getuser()}@")
        environment = {**os.environ, "PATH": f"{self.programs}{os.pathsep}{os.environ['PATH']}"}
        return subprocess.run(
            ["sh", "-euc", f"BOARD=127.0.0.1\n{login}"],
            cwd=self.project,
            env=environment,
            capture_output=True,
            text=True,
            timeout=250,
        )


def script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


def as_board(server: OwnSshd, home: Path) -> None:
    """Whoever logs in is at `home`, where python3 is this Python."""
    programs = server.folder / "bin"
    programs.mkdir()
    script(programs / "python3", f'exec "{sys.executable}" "$@"')
    shell = server.folder / "login"
    script(
        shell,
        f'cd "{home}"; HOME="{home}" PATH="{programs}:$PATH" exec sh -c "$SSH_ORIGINAL_COMMAND"',
    )
    key = server.authorized.read_text(encoding="utf-8")
    server.authorized.write_text(f'command="{shell}" {key}', encoding="utf-8")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    pytest.importorskip("ai_edge_litert")
    (tmp_path / "sshd").mkdir()
    home, programs = tmp_path / "home", tmp_path / "programs"
    home.mkdir()
    programs.mkdir()
    made = export("signs", "imx93", ExportOptions(no_npu=True, output=tmp_path / "project"))
    with own_sshd(tmp_path / "sshd") as server:
        as_board(server, home)
        to_board = f"-F {server.folder}/ssh_config -o Port={server.port}"
        script(programs / "ssh", f'exec /usr/bin/ssh {to_board} "$@"')
        script(programs / "scp", f'exec /usr/bin/scp -O {to_board} "$@"')
        script(programs / "mcuzoo", f'exec "{sys.executable}" -m mcuzoo "$@"')
        yield Desk(made.folder, home, programs)


def blocks(project: Path) -> dict[str, list[list[str]]]:
    """The commands by the heading that they are under, block by block."""
    text = (project / "README.md").read_text(encoding="utf-8")
    parts = re.split(r"^## (.*)$", text, flags=re.M)
    return {
        heading: [
            block.splitlines() for block in re.findall(r"^```\n(.*?)^```$", part, re.M | re.S)
        ]
        for heading, part in zip(parts[1::2], parts[2::2], strict=True)
    }


def test_copy_run_measure_remove(desk: Desk) -> None:
    typed = blocks(desk.project)
    for line in typed["Copy"][0]:
        if not line.startswith("BOARD="):
            done = desk.type(line)
            assert done.returncode == 0, (line, done.stdout, done.stderr)
    there = sorted(path.name for path in desk.home.rglob("*") if path.is_file())
    assert there == ["mcuzoo_agent.py", "model.tflite"]
    none, xnnpack, ethosu = typed["Run and measure"][0]
    done = desk.type(none)
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert "16 of 16 outputs byte-equal to the host's" in done.stdout
    done = desk.type(xnnpack)
    assert done.returncode == 0, (done.stdout, done.stderr)
    done = desk.type(ethosu)
    assert done.returncode in (3, 4) and "hint:" in done.stderr  # the library is not there
    for line in typed["Remove"][0]:
        done = desk.type(line)
        assert done.returncode == 0, (line, done.stderr)
    assert not list(desk.home.iterdir())
    running = (path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline"))
    assert not any(os.fsencode(desk.home.name + "/mcuzoo") in words for words in running)
