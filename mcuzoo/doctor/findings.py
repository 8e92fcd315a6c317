"""Look at this machine: Python, packages, compilers, SDK, TFLM, ports, probes, cache,
configuration, environment."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal, get_args

from mcuzoo import __version__
from mcuzoo.board.load import list_boards
from mcuzoo.codegen.mcuxpresso import SDK_VARIABLE, open_sdk
from mcuzoo.codegen.tflm.tree import open_tree
from mcuzoo.config.config import load_config
from mcuzoo.config.keys import FILE_NAME
from mcuzoo.doctor.options import DoctorOptions
from mcuzoo.errors import InputError, McuzooError, command
from mcuzoo.extras import PACKAGES, install_command, missing_packages
from mcuzoo.farm.environment import (
    LABGRID,
    LABGRIDS,
    OURS,
    both_serials,
    labgrid_command,
    mend_command,
)
from mcuzoo.flash.probes import (
    GET_JLINK,
    GET_LINKSERVER,
    Probe,
    find_jlink,
    find_linkserver,
    list_probes,
)
from mcuzoo.link.holders import holder_of
from mcuzoo.link.ports import PortInfo, PortLister, list_serial_ports
from mcuzoo.plan.tflm.requests import Kernels
from mcuzoo.project.kinds import TOOLCHAINS
from mcuzoo.toolchain.find import find_compiler, require_newlib
from mcuzoo.zoo.find import cache_folder, cache_hint

State = Literal["ok", "absent", "wrong"]
"""absent: something that only some commands need; wrong: what will fail when it is used."""

_PROGRAMS = {
    "cmake": "projects built by CMake, and applications for NXP's SDK",
    "ninja": "projects built by CMake, and applications for NXP's SDK",
    "west": "getting NXP's SDK, and west flash",
    "LinkServer": "flashing by NXP's LinkServer",
    "JLinkExe": "flashing by SEGGER's J-Link",
    "ssh": "boards that run Linux, at ssh://",
}
"""Programs beside the compilers, and what they are good for."""

_ON_PYPI = ("cmake", "ninja", "west")
_GET_SSH = "sudo apt install openssh-client (on Windows: an optional feature of the system)"
_ELSEWHERE = {"LinkServer": GET_LINKSERVER, "JLinkExe": GET_JLINK, "ssh": _GET_SSH}

_FINDERS = {"LinkServer": find_linkserver, "JLinkExe": find_jlink}
"""Those that have other names on Windows."""

_VARIABLES = ("MCUZOO_", "MCUXSDK_ROOT", "ARMGCC_DIR", "XDG_CACHE_HOME", "XDG_DATA_HOME")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. mend: the command that mends it, or what to do where no
    command does it; "" where nothing is known. group: the heading that it is under. name: what was
    looked at. state: "ok", "absent" or "wrong". detail: what was found."""

    group: str
    name: str
    state: State
    detail: str
    mend: str = ""


def _configured_file() -> Path | None:
    return load_config().path


def examine(
    options: DoctorOptions = DoctorOptions(),
    lister: PortLister = list_serial_ports,
    probe_lister: Callable[[Sequence[PortInfo]], Sequence[Probe]] = list_probes,
    checked_file: Callable[[], Path | None] = _configured_file,
) -> list[Finding]:
    """All findings, by group. Starts compilers for their version, and LinkServer and J-Link for
    their lists of probes; opens no port and no probe. Never raises for what it finds.

    checked_file: finds and checks mcuzoo.toml and the variables; raises McuzooError for a mistake.
    """
    ports = lister()
    return [
        *_python(),
        *_packages(),
        *_compilers(),
        *_programs(),
        *_sdk(options.sdk),
        *_tflm(options.tflm),
        *_ports(ports),
        *_probes(probe_lister(ports)),
        *_cache(),
        *_configuration(checked_file),
        *_environment(),
    ]


def _python() -> Iterator[Finding]:
    where = f"{platform.python_version()}, {sys.executable}"
    yield Finding("Python", "mcuzoo", "ok", __version__)
    yield Finding("Python", "python", "ok", where)
    yield Finding("Python", "system", "ok", platform.platform())


def _packages() -> Iterator[Finding]:
    for name, (_, extra) in PACKAGES.items():
        if missing_packages([name]):
            mend = labgrid_command() if name == LABGRID else install_command([name])
            yield Finding("Packages", name, "absent", f"extra {extra}", mend)
        else:
            yield Finding("Packages", name, "ok", _version_of(name))
    if both_serials():
        detail = f"{OURS} and {LABGRIDS} share the folder serial/: the later one overwrote files"
        yield Finding("Packages", OURS, "wrong", detail, mend_command())


def _version_of(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "of unknown version"


def _compilers() -> Iterator[Finding]:
    for kind in TOOLCHAINS:
        try:
            found = find_compiler(kind)
            if kind == "gcc":
                require_newlib(found.command[0])
        except McuzooError as error:
            absent = error.message.startswith("There is no")
            yield Finding(
                "Compilers", kind, "absent" if absent else "wrong", error.message, error.hint
            )
        else:
            yield Finding("Compilers", kind, "ok", f"{found.version}, {found.command[0]}")


def _programs() -> Iterator[Finding]:
    for name, purpose in _PROGRAMS.items():
        place = _FINDERS[name]() if name in _FINDERS else shutil.which(name)
        if place:
            yield Finding("Programs", name, "ok", place)
            continue
        pip = command(sys.executable, "-m", "pip", "install", name)
        mend = pip if name in _ON_PYPI else _ELSEWHERE[name]
        yield Finding("Programs", name, "absent", f"for {purpose}", mend)


def _sdk(given: Path | None) -> Iterator[Finding]:
    named = given or os.environ.get(SDK_VARIABLE)
    if not named:
        hint = f"export {SDK_VARIABLE}=.../mcuxsdk"
        yield Finding("MCUXpresso SDK", "folder", "absent", "none is named", hint)
        return
    for board in list_boards():
        if board.sdk_board is None:
            continue
        try:
            tree = open_sdk(Path(named), board.sdk_board)
        except McuzooError as error:
            yield Finding("MCUXpresso SDK", board.id, "wrong", error.message, error.hint)
        else:
            yield Finding("MCUXpresso SDK", board.id, "ok", f"{tree.version}, {tree.path}")


def _tflm(given: Path | None) -> Iterator[Finding]:
    if given is None:
        return
    # A tree has the kernels of CMSIS-NN or the reference ones.
    for kernels in get_args(Kernels):
        try:
            tree = open_tree(given, kernels)
        except McuzooError as error:
            refused = error
        else:
            detail = f"{tree.path}, fingerprint {tree.fingerprint[:12]}"
            yield Finding("TFLite-Micro", f"tree with {kernels} kernels", "ok", detail)
            return
    yield Finding("TFLite-Micro", "tree", "wrong", refused.message, refused.hint)


def _ports(listed: Sequence[PortInfo]) -> Iterator[Finding]:
    if not listed:
        yield Finding("Ports", "serial ports", "absent", "none; emulator://PROJECT needs none")
    for port in listed:
        holder = holder_of(port.device)
        if not os.access(port.device, os.R_OK | os.W_OK) and Path(port.device).exists():
            yield Finding(
                "Ports", port.device, "wrong", f"no permission: {port.text}", _permission()
            )
        elif holder:
            yield Finding("Ports", port.device, "ok", f"{port.text}; {holder} has it open")
        else:
            yield Finding("Ports", port.device, "ok", port.text)


def _probes(listed: Sequence[Probe]) -> Iterator[Finding]:
    if not listed:
        needs = "none; mcuzoo flash needs one, a serial port or a command of yours"
        yield Finding("Probes", "debug probes", "absent", needs)
    for probe in listed:
        name = probe.serial_number or probe.product
        if probe.denied:
            detail = f"no permission for {probe.denied}: {probe.text}"
            yield Finding("Probes", name, "wrong", detail, _udev_rule(probe))
        elif probe.tools:
            detail = f"{probe.text}; mcuzoo flash --via {' or '.join(probe.tools)}"
            yield Finding("Probes", name, "ok", detail)
        else:
            package = "pyocd" if probe.kind == "cmsis-dap" else "spsdk"
            mend = GET_JLINK if probe.kind == "jlink" else install_command([package])
            yield Finding("Probes", name, "absent", f"{probe.text}: no tool here drives it", mend)


def _udev_rule(probe: Probe) -> str:
    """The command that lets users of this machine open the probe, from when it is plugged in."""
    assert probe.usb_id is not None
    rule = f'SUBSYSTEM=="usb", ATTR{{idVendor}}=="{probe.usb_id[0]:04x}", MODE="0666"'
    write = f"echo {command(rule)} | sudo tee -a /etc/udev/rules.d/50-mcuzoo-probes.rules"
    return f"{write}; sudo udevadm control --reload; sudo udevadm trigger"


def _permission() -> str:
    if sys.platform.startswith("linux"):
        return "sudo usermod -aG dialout $USER (uucp on Arch), then log in again"
    return ""


def _cache() -> Iterator[Finding]:
    folder = cache_folder().parent
    parent = next((path for path in (folder, *folder.parents) if path.exists()), folder)
    if os.access(parent, os.W_OK | os.X_OK):
        yield Finding("Cache", str(folder), "ok", f"{_bytes_in(folder) / 1e6:,.1f} MB")
    else:
        yield Finding("Cache", str(folder), "wrong", f"{parent} cannot be written", cache_hint())


def _bytes_in(folder: Path) -> int:
    """A cache may have 100,000 files."""
    size, folders = 0, [str(folder)]
    while folders:
        with suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                    continue
                with suppress(OSError):  # a build beside us may just have removed it
                    size += entry.stat(follow_symlinks=False).st_size
    return size


def _configuration(checked_file: Callable[[], Path | None]) -> Iterator[Finding]:
    try:
        path = checked_file()
    except McuzooError as error:
        name = FILE_NAME if isinstance(error, InputError) else "variables"
        for line in error.message.splitlines():
            yield Finding("Configuration", name, "wrong", line, error.hint)
        return
    if path is None:
        yield Finding("Configuration", FILE_NAME, "absent", "none counts here", "mcuzoo init")
    else:
        yield Finding("Configuration", FILE_NAME, "ok", str(path))


def _environment() -> Iterator[Finding]:
    for name in sorted(os.environ):
        if name.startswith(_VARIABLES):
            yield Finding("Environment", name, "ok", os.environ[name])
