"""The options of the plugin: on pytest's command line, and in its ini file."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mcuzoo.run.options import RunOptions

IF_NEEDED, ALWAYS, NEVER = "if-needed", "always", "never"
FLASH = (IF_NEEDED, ALWAYS, NEVER)
"""When a board with a probe is flashed."""

_PLACES = ("port", "rig", "labgrid")
"""What says where the boards are; one of them."""
_VARIABLES = {
    "port": "MCUZOO_PORT",
    "rig": "MCUZOO_RIG",
    "labgrid": "MCUZOO_RUN_SERIAL_LABGRID",
    "project": "MCUZOO_PROJECT",
}
_TEXT, _LIST, _FLAG, _FILE = "text", "list", "flag", "file"
_DEFAULT_RUNS = "runs"
_DEFAULT_WAIT_S = 600.0

_OPTIONS: tuple[tuple[str, str, str | None, str], ...] = (
    (
        "port",
        _LIST,
        "PORT",
        "A board, as run-serial takes it: a device, usb:SERIAL, a pyserial URL, "
        "emulator://PROJECT, auto or all. Given several times: boards that workers share. "
        "[MCUZOO_PORT]",
    ),
    ("rig", _FILE, "RIG.toml", "The boards of this rig file, with their probes and switches."),
    (
        "filter",
        _LIST,
        "KEY=VALUE",
        "Of the rig's boards those for which this holds, or the tag of a labgrid place.",
    ),
    (
        "labgrid",
        _TEXT,
        "HOST[:PORT]",
        "Acquire places of a labgrid farm, by its coordinator; alone: LG_COORDINATOR, or "
        "127.0.0.1:20408.",
    ),
    (
        "project",
        _FILE,
        "DIR",
        "The built project that the boards run [that of emulator:// or of the rig, or the one here "
        "that the board runs].",
    ),
    ("upload", _TEXT, "MODEL", "Send this model to boards with a universal firmware first."),
    ("baud", _TEXT, "N", "Bits per second [that of the rig file, or the project's]."),
    ("require", _FLAG, None, "Without a board, tests that need one fail; else they are skipped."),
    (
        "flash",
        _TEXT,
        "WHEN",
        f"{', '.join(FLASH)}: when a board whose probe is known is flashed, at most once "
        f"[{IF_NEEDED}: it does not run the project's newest build].",
    ),
    ("probe", _TEXT, "ID", "The probe of the one board of --mcuzoo-port; a rig file has its own."),
    ("via", _TEXT, "WAY", "How boards are flashed, as mcuzoo flash --via takes it [auto]."),
    ("flash-command", _TEXT, "TEMPLATE", "For --mcuzoo-via command: what to run."),
    ("wait", _TEXT, "S", f"Wait S seconds for a board that others have [{_DEFAULT_WAIT_S:g}]."),
    ("runs", _FILE, "DIR", f"Where the journals of the tests are kept [{_DEFAULT_RUNS}]."),
)
"""Name, kind, what stands for the value, and help."""


def add_options(parser: pytest.Parser) -> None:
    """Each option, and the same as a key of the ini file, mcuzoo_NAME."""
    group = parser.getgroup("mcuzoo", "mcuzoo: tests on boards, real or emulated")
    for name, kind, metavar, text in _OPTIONS:
        key = _key(name)
        given: dict[str, Any] = {"dest": key, "default": None, "help": text}
        if kind == _FLAG:
            given["action"] = "store_true"
        else:
            given["metavar"] = metavar
            given["action"] = "append" if kind == _LIST else "store"
        if name == "labgrid":
            given |= {"nargs": "?", "const": ""}
        if name == "flash":
            given["choices"] = FLASH
        group.addoption(f"--mcuzoo-{name}", **given)
        ini = {_LIST: "linelist", _FLAG: "bool"}.get(kind, "string")
        parser.addini(key, f"as --mcuzoo-{name}", type=ini, default=None)  # type: ignore[arg-type]


def _key(name: str) -> str:
    return f"mcuzoo_{name.replace('-', '_')}"


@dataclass(frozen=True)
class Chosen:
    """What the user asked for. labgrid: None: no farm; empty: the usual coordinator. wait_s: for a
    board that others have. home: where pytest was started. ports: as run-serial takes them; rig: a
    file instead; filter: KEY=VALUE, which of its boards or of a farm's places. project: None: that
    of the port, the rig or the folder. upload: a model for a universal firmware. baud: None: the
    project's. require: a missing board fails instead of skipping. flash: one of FLASH; probe, via,
    flash_command: how. runs: the folder of the journals. configured: what MCUZOO_* and mcuzoo.toml
    say of a run; None: not read yet."""

    home: Path
    ports: tuple[str, ...] = ()
    rig: Path | None = None
    filter: tuple[str, ...] = ()
    labgrid: str | None = None
    project: Path | None = None
    upload: str | None = None
    baud: int | None = None
    require: bool = False
    flash: str = IF_NEEDED
    probe: str | None = None
    via: str = "auto"
    flash_command: str | None = None
    wait_s: float = _DEFAULT_WAIT_S
    runs: Path = Path(_DEFAULT_RUNS)
    configured: RunOptions | None = None

    @property
    def any_board(self) -> bool:
        """Whether a board is named at all."""
        return bool(self.ports) or self.rig is not None or self.labgrid is not None

    @property
    def text(self) -> str:
        """What is named, for the head of pytest's output."""
        where = ", ".join(self.ports) or (str(self.rig) if self.rig else "")
        if self.labgrid is not None:
            where = f"labgrid {self.labgrid}".rstrip()
        which = f" ({', '.join(self.filter)})" if self.filter else ""
        project = "" if self.project is None else f"; project {self.project}"
        return f"boards of {where}{which}{project}"


def chosen(config: pytest.Config) -> Chosen:
    """The options that are typed, or else in the ini file, unless a variable says it: `completed`
    reads that, and mcuzoo.toml.

    A board that is typed, or is in the environment, replaces every board of the ini file. Raises
    pytest.UsageError.
    """
    typed = {name: _typed(config, name, kind) for name, kind, *_ in _OPTIONS}
    kept = {name: _of_ini(config, name, kind) for name, kind, *_ in _OPTIONS}
    variables = {name for name, variable in _VARIABLES.items() if os.environ.get(variable)}
    if any(typed[name] is not None or name in variables for name in _PLACES):
        kept |= dict.fromkeys((*_PLACES, "filter", "probe"), None)
    if "project" in variables:
        kept["project"] = None
    values = {name: kept[name] if typed[name] is None else typed[name] for name in typed}
    named = [f"--mcuzoo-{name}" for name in _PLACES if values[name] not in (None, [])]
    if len(named) > 1:
        raise pytest.UsageError(f"{' and '.join(named)} exclude each other.")
    if values["filter"] and values["port"]:
        raise pytest.UsageError("--mcuzoo-filter needs --mcuzoo-rig or --mcuzoo-labgrid.")
    if values["probe"] and (values["rig"] or len(values["port"] or ()) > 1):
        raise pytest.UsageError("--mcuzoo-probe needs one --mcuzoo-port; a rig file has its own.")
    if values["flash"] not in (None, *FLASH):
        raise pytest.UsageError(f"mcuzoo_flash is one of {', '.join(FLASH)}.")
    return Chosen(
        home=config.invocation_params.dir,
        ports=tuple(values["port"] or ()),
        rig=values["rig"],
        filter=tuple(values["filter"] or ()),
        labgrid=values["labgrid"],
        project=values["project"],
        upload=values["upload"],
        require=bool(values["require"]),
        flash=values["flash"] or IF_NEEDED,
        probe=values["probe"],
        via=values["via"] or "auto",
        flash_command=values["flash-command"],
        baud=None if values["baud"] is None else int(_number("baud", values["baud"])),
        wait_s=_DEFAULT_WAIT_S if values["wait"] is None else _number("wait", values["wait"]),
        runs=values["runs"] or config.invocation_params.dir / _DEFAULT_RUNS,
    )


def completed(chosen: Chosen) -> Chosen:
    """`chosen` with what MCUZOO_* and mcuzoo.toml say of boards, project and runs, where it says
    nothing.

    Raises InputError and UsageError for a mistake in them.
    """
    from mcuzoo.config.config import load_config
    from mcuzoo.run.options import RunOptions

    given = {
        "port": chosen.ports or None,
        "rig": chosen.rig,
        "filter": chosen.filter or None,
        "labgrid": chosen.labgrid,
        "project": chosen.project,
        "upload": chosen.upload,
        "baud": chosen.baud,
    }
    said = {name: value for name, value in given.items() if value is not None}
    found = load_config().options(RunOptions, **said)
    return replace(
        chosen,
        ports=tuple(map(str, found.ports)),
        rig=found.rig,
        filter=found.filter,
        labgrid=found.labgrid,
        project=found.project,
        upload=found.upload,
        baud=found.baud,
        configured=found,
    )


def near(path: Path, home: Path) -> Path:
    """`path` from `home` on, if it is in there."""
    return path.relative_to(home) if path.is_relative_to(home) else path


def _number(name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < 1e9:
        raise pytest.UsageError(f"--mcuzoo-{name} {text!r}: give a number.")
    return number


def _typed(config: pytest.Config, name: str, kind: str) -> Any:
    """As it was typed; paths are relative to where pytest was started."""
    value = config.getoption(_key(name))
    return config.invocation_params.dir / value if kind == _FILE and value else value


def _of_ini(config: pytest.Config, name: str, kind: str) -> Any:
    """The value of the ini file, None if it has none; paths are relative to the file."""
    value = config.getini(_key(name))
    if value in (None, "", []):
        # An empty text is the usual coordinator, if it was written down.
        return None
    home = config.rootpath if config.inipath is None else config.inipath.parent
    if kind == _FILE:
        return home / value
    if name == "port":
        from mcuzoo.emulator.scheme import port_from

        return [port_from(home, port) for port in value]
    return value
