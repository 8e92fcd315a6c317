"""A built project, machines without USB devices, and fake tools."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from helpers import shared
from helpers.exported import export_project
from helpers.fake_tools import FakeTools
from helpers.small_source import small_source

from mcuzoo.board.load import load_board
from mcuzoo.flash import probes as probes_module
from mcuzoo.flash import usb as usb_module
from mcuzoo.toolchain.build import build_project
from mcuzoo.zoo.registry import resolve_model

if os.environ.get("MCUZOO_REQUIRE_FLASH") == "1":
    # Tests without them are skipped elsewhere.
    import_module("pyocd")
    import_module("spsdk")


def _need_gcc() -> None:
    if shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("no arm-none-eabi-gcc")


@pytest.fixture(scope="session")
def built_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled model for the RT1050, as a stand-alone project, built."""
    _need_gcc()

    def fill(folder: Path) -> None:
        export_project(resolve_model("signs"), load_board("rt1050"), folder / "signs")
        build_project(folder / "signs")

    return shared.built_once(tmp_path_factory, "flash", fill) / "signs"


@pytest.fixture(scope="session")
def small_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network of one layer for the RT1050, built: less to program."""
    _need_gcc()

    def fill(folder: Path) -> None:
        source = small_source(folder / "source", with_assets=False)
        export_project(source, load_board("rt1050"), folder / "small")
        build_project(folder / "small")

    return shared.built_once(tmp_path_factory, "flash-small", fill) / "small"


@pytest.fixture
def project(built_once: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    folder = tmp_path / "signs"
    shutil.copytree(built_once, folder)
    return folder


@pytest.fixture(autouse=True)
def usb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of USB devices, empty: nothing of this machine is seen."""
    folder = tmp_path / "usb"
    folder.mkdir()
    monkeypatch.setattr(usb_module, "USB_DEVICES", folder)
    monkeypatch.setattr(probes_module, "_by_pyocd", lambda: iter(()))
    monkeypatch.setattr(probes_module, "list_serial_ports", list)
    for name in ("MCUZOO_PORT", "MCUZOO_PORTS", "MCUZOO_FLASHLOADER", "MCUXSDK_ROOT"):
        monkeypatch.delenv(name, raising=False)
    yield folder


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeTools:
    return FakeTools(tmp_path / "tools", monkeypatch)


@pytest.fixture(autouse=True)
def no_output_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """SPSDK waits until its output is sent, and drops what is not before the next write. A pty has
    "sent" at once what its other end has not read yet, and would drop that."""
    monkeypatch.setattr("serial.Serial.reset_output_buffer", lambda self: None)
