"""mcuzoo doctor: what it says of a machine, and what leaves the machine in its ZIP."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest
from helpers.commands import invoke
from helpers.configured import write

from mcuzoo.doctor.bundle import impersonal, write_bundle
from mcuzoo.doctor.findings import Finding, examine
from mcuzoo.doctor.options import DoctorOptions
from mcuzoo.extras import PACKAGES
from mcuzoo.flash.probes import Probe
from mcuzoo.link.ports import PortInfo


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Not the user's, all of whose files would be counted."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def named(found: list[Finding], name: str) -> Finding:
    (one,) = [one for one in found if one.name == name]
    return one


@pytest.mark.slow
def test_every_optional_package_is_looked_at() -> None:
    found = examine(lister=list)
    assert PACKAGES.keys() <= {one.name for one in found}
    assert named(found, "unicorn").state == "ok"
    assert named(found, "serial ports").state == "absent"


def test_what_is_missing_comes_with_the_command_that_mends_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("mcuzoo.extras._is_there", lambda module: module == "pip")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("MCUZOO_GCC", str(tmp_path / "no-gcc"))
    found = examine(DoctorOptions(sdk=tmp_path / "sdk", tflm=tmp_path / "tflm"), lister=list)
    assert "pip install" in named(found, "unicorn").mend
    cmake = named(found, "cmake")
    assert cmake.state == "absent" and "pip install cmake" in cmake.mend
    assert "SEGGER's J-Link" in named(found, "JLinkExe").mend
    assert "https://www.nxp.com/linkserver" in named(found, "LinkServer").mend
    programs = [one for one in found if one.group == "Programs"]
    assert len(programs) == 6 and all(one.mend for one in programs)
    gcc = named(found, "gcc")
    assert gcc.state == "wrong" and "does not run" in gcc.detail
    assert named(found, "rt1050").state == "wrong" and named(found, "tree").state == "wrong"
    assert all(one.detail for one in found)
    assert all(one.mend for one in found if one.state == "wrong")


def test_two_packages_with_the_same_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """labgrid brings a package of its own that overwrites pyserial."""
    installed = {"pyserial", "pyserial-labgrid"}
    monkeypatch.setattr("mcuzoo.farm.environment._is_installed", installed.__contains__)
    clash = named(examine(lister=list), "pyserial")
    assert clash.state == "wrong" and "pyserial-labgrid" in clash.detail
    assert "uninstall -y pyserial &&" in clash.mend
    assert clash.mend.endswith("install --force-reinstall --no-deps pyserial-labgrid")
    for either in sorted(installed):
        monkeypatch.setattr("mcuzoo.farm.environment._is_installed", {either}.__contains__)
        assert "pyserial" not in [one.name for one in examine(lister=list)]


def test_a_cache_that_changes_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A compiler beside us makes and removes files of its own."""
    cache = tmp_path / "cache" / "models"
    cache.mkdir(parents=True)
    (cache / "kept").write_bytes(bytes(2_000_000))
    monkeypatch.setattr("mcuzoo.doctor.findings.cache_folder", lambda: cache)
    listed = os.scandir

    def removed_then(path: str) -> AbstractContextManager[Iterator[os.DirEntry[str]]]:
        (cache / "gone").touch()
        entries = [*listed(path)]
        (cache / "gone").unlink()
        return nullcontext(iter(entries))

    monkeypatch.setattr("os.scandir", removed_then)
    assert named(examine(lister=list), str(cache.parent)).detail == "2.0 MB"


def test_a_port_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = tmp_path / "ttyACM0"
    port.touch()
    monkeypatch.setattr("os.access", lambda path, mode: str(path) != str(port))
    monkeypatch.setattr("sys.platform", "linux")
    found = examine(lister=lambda: [PortInfo(str(port))])
    assert named(found, str(port)).state == "wrong" and "dialout" in named(found, str(port)).mend


def test_probes_and_what_drives_them() -> None:
    probes = [
        Probe("cmsis-dap", "MCU-LINK", serial_number="EB04", tools=("pyocd", "linkserver")),
        Probe("cmsis-dap", "DAPLink", serial_number="0227"),
        Probe("jlink", "J-Link", serial_number="8010"),
    ]
    found = examine(lister=list, probe_lister=lambda ports: probes)
    assert named(found, "EB04").state == "ok"
    assert named(found, "EB04").detail.endswith("mcuzoo flash --via pyocd or linkserver")
    assert named(found, "0227").state == "absent" and "pyocd" in named(found, "0227").mend
    assert named(found, "8010").state == "absent" and "segger.com" in named(found, "8010").mend
    none = examine(lister=list, probe_lister=lambda ports: [])
    assert named(none, "debug probes").state == "absent"


def test_a_wrong_file_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MCUZOO_CONFIG")
    monkeypatch.chdir(tmp_path)
    Path(".git").mkdir()
    found = examine(lister=list, probe_lister=lambda ports: [])
    assert named(found, "mcuzoo.toml").state == "absent"
    write("board = 'rt1050'\n")
    found = examine(lister=list, probe_lister=lambda ports: [])
    assert named(found, "mcuzoo.toml").detail == str(tmp_path / "mcuzoo.toml")
    write("bord = 'x'\n[exprot]\nx = 1\n[build]\ncompilr = 'gcc'\n")
    done = invoke(["doctor", "--json"])
    assert done.exit_code == 0, done.stderr
    of_file = [one for one in json.loads(done.stdout)["findings"] if one["name"] == "mcuzoo.toml"]
    assert {one["state"] for one in of_file} == {"wrong"}
    assert [one["detail"].split()[1] for one in of_file] == ["bord:", "exprot:", "build.compilr:"]
    assert all("mcuzoo config" in one["mend"] for one in of_file)
    write("")
    monkeypatch.setenv("MCUZOO_RUN_SERIAL_LIMIT", "many")
    assert "  !! variables: MCUZOO_RUN_SERIAL_LIMIT: 'many'" in invoke(["doctor"]).stdout


@pytest.mark.slow
def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MCUZOO_MODELS", str(tmp_path))
    bundle = tmp_path / "report.zip"
    done = invoke(("doctor", "--json", "--bundle", bundle))
    assert done.exit_code == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["ok"] + document["absent"] + document["wrong"] == len(document["findings"])
    assert {"group": "Environment", "name": "MCUZOO_MODELS", "state": "ok",
            "detail": str(tmp_path), "mend": ""} in document["findings"]  # fmt: skip
    with zipfile.ZipFile(bundle) as packed:
        assert len(json.loads(packed.read("findings.json"))) == len(document["findings"])
    text = invoke(("doctor",)).stdout
    assert text.startswith("Python\n  ok mcuzoo: ")
    assert invoke(("doctor", "--bundle", tmp_path)).exit_code == 2


def test_names_and_paths_stay_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "mc"
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setattr("getpass.getuser", lambda: "mc")
    monkeypatch.setattr("socket.gethostname", lambda: "desk")
    (tmp_path / "crash-1.txt").write_text(f"in {home}/project of mc on desk, by mcuzoo")
    found = [Finding("Cache", str(home / "cache"), "ok", "desk")]
    write_bundle(tmp_path / "a.zip", found, crashes=tmp_path)
    write_bundle(tmp_path / "b.zip", found, personal=True, crashes=tmp_path)
    with zipfile.ZipFile(tmp_path / "a.zip") as packed:
        assert packed.read("crash-1.txt") == b"in ~/project of USER on MACHINE, by mcuzoo"
        assert json.loads(packed.read("findings.json"))[0]["name"] == "~/cache"
    with zipfile.ZipFile(tmp_path / "b.zip") as packed:
        assert str(home).encode() in packed.read("crash-1.txt")
    assert impersonal("mcuzoo") == "mcuzoo"
