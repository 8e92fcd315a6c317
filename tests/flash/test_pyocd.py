"""pyOCD as it is, through a simulated CMSIS-DAP: its own flash algorithm for the RT1050 runs on an
emulated Cortex-M7 and drives a simulated FlexSPI and HyperFlash. What is in it then is booted.
"""

from __future__ import annotations

import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from helpers.commands import mcuzoo
from helpers.fake_dap import SERIAL_NUMBER, install
from helpers.schemas import complaints

from mcuzoo.emulator.emulate import emulate
from mcuzoo.emulator.options import EmulateOptions
from mcuzoo.link.session import Session
from mcuzoo.project.manifest import load_project

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("pyocd") is None, reason="no pyocd (mcuzoo[flash])"),
]
TESTS = Path(__file__).resolve().parents[1]


class FakeDap:
    """A machine with the simulated probe."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        patch.setenv("FAKE_DAP", str(folder))
        path = [str(install(folder)), str(TESTS), str(TESTS.parent)]
        patch.setenv("PYTHONPATH", os.pathsep.join(path))

    def run(self, *words: object, trouble: str = "") -> CompletedProcess[str]:
        from helpers.commands import finished

        (self.folder / "trouble").write_text(trouble)
        return finished(mcuzoo(*words))

    @property
    def log(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "log").read_text())
        return found


@pytest.fixture
def dap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeDap:
    folder = tmp_path / "dap"
    folder.mkdir()
    return FakeDap(folder, monkeypatch)


@pytest.mark.full
def test_the_flash_is_programmed_and_boots(small_once: Path, dap: FakeDap) -> None:
    (dap.folder / "flash").write_bytes(b"\x11" * 0x8_0000)  # something was there before
    listed = dap.run("probes", "--json")
    (probe,) = json.loads(listed.stdout)["probes"]
    assert probe["serial_number"] == SERIAL_NUMBER and "pyocd" in probe["tools"]
    done = dap.run("flash", small_once, "--via", "pyocd", "--no-hello", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert not complaints(told) and not complaints(json.loads(listed.stdout))
    assert told["compared"] == "read back and compared" and told["done"] is True
    assert told["probe"]["serial_number"] == SERIAL_NUMBER

    content = (small_once / "build/gcc/firmware.bin").read_bytes()
    flash = (dap.folder / "flash").read_bytes()
    assert flash[: len(content)] == content
    # The rest of the last sector is as before, and so is the next one.
    assert set(flash[len(content) : 0x8_0000]) == {0x11}
    assert dap.log["erased"] == [0] and dap.log["log"] == ["reset"]

    image = dap.folder / "image.bin"
    image.write_bytes(flash[: len(content)])
    with emulate(image, EmulateOptions(board="rt1050")) as board, Session.open(board.port) as met:
        assert met.hello().build_id == load_project(small_once).newest_build_id


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        pytest.param("worn", "the first at 0x60002345", marks=pytest.mark.full),
        ("gone", "may hold half an image"),
        pytest.param("wrong chip", "flash init failure", marks=pytest.mark.full),
    ],
)
def test_what_may_go_wrong(trouble: str, said: str, small_once: Path, dap: FakeDap) -> None:
    words = ("flash", small_once, "--via", "pyocd", "--no-hello")
    done = dap.run(*words, trouble=trouble)
    assert done.returncode == 3, done.stderr
    assert said in done.stderr
    assert f"mcuzoo flash {small_once} --via pyocd --no-hello" in done.stderr


@pytest.mark.full
@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
def test_a_way_that_does_not_read_back_is_read_back_by_pyocd(
    small_once: Path, dap: FakeDap
) -> None:
    content = (small_once / "build/gcc/firmware.bin").read_bytes()
    flash = dap.folder / "flash"
    flash.write_bytes(content.ljust(0x10_0000, b"\xff"))
    words = ("flash", small_once, "--command", "true", "--no-hello")
    done = dap.run(*words)
    assert done.returncode == 0, done.stderr
    assert "read back and compared by pyocd" in done.stdout
    assert dap.log["programmed"] == 0 and flash.read_bytes()[: len(content)] == content
    flash.write_bytes(bytes([content[0] ^ 1]) + content[1:].ljust(0x10_0000, b"\xff"))
    done = dap.run(*words)
    assert done.returncode == 3 and "the first at 0x60000000" in done.stderr
