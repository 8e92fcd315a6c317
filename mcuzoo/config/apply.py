"""What of the configuration counts for a command line: what was typed makes other things idle."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from mcuzoo.config.keys import WRITTEN
from mcuzoo.config.source import Layer, Setting
from mcuzoo.emulator.scheme import SCHEME, split_port
from mcuzoo.errors import McuzooError
from mcuzoo.options import flag_of
from mcuzoo.project.kinds import DEFAULT_BOARD, MANIFEST_NAME

_FARM = frozenset(("labgrid", "boards", "lg_wait", "lg_env", "lg_state"))
_NUMBERS = frozenset(("scale", "mean", "std"))
_INSTEAD: Mapping[str, frozenset[str]] = {
    "port": _FARM | {"rig", "filter"},
    "rig": _FARM | {"port"},
    "probe": frozenset(("rig", "filter")),
    "labgrid": frozenset(("port", "rig")),
    "out": frozenset(("file",)),
    "recipe": _NUMBERS
    | {"color", "crop", "fit", "short_side", "fill", "resize", "exif", "normalize"},
    "normalize": _NUMBERS,
    **dict.fromkeys(_NUMBERS, frozenset(("normalize",))),
    "universal": frozenset(
        ("model", "models", "output", "runtime", "project", "stream_input", "plan", "embed")
    ),
}
"""By parameter: which others a value of it makes idle, if they are of a lower layer."""

_SHOWN = (WRITTEN - {"out", "trace"}) | {"show"}
"""What may be new of a run that goes on: how it is shown."""


class Configured:
    """layers: what environment and file say of the command's parameters, in this order.

    used: the settings that count, by parameter, as soon as `fill` was called.
    """

    def __init__(self, command: str, layers: Sequence[Layer]) -> None:
        self._command = command
        self._layers = layers
        self.offered = frozenset(name for layer in layers for name in layer)
        self.used: Layer = {}

    def fill(self, found: dict[str, Any], typed: Collection[str]) -> None:
        """Put into `found` what was configured and counts. typed: what must stay as it is."""
        given = {name: Setting(name, found[name], "", 0) for name in typed}
        for layer in self._layers:
            idle = {name for trigger in given for name in _INSTEAD.get(trigger, ())}
            given = {
                **{name: one for name, one in layer.items() if name not in idle},
                **given,
            }
        trim = _TRIMS.get(self._command)
        if trim is not None:
            trim(given)
        self.used = {name: one for name, one in given.items() if one.layer}
        found.update((name, one.value) for name, one in self.used.items())
        if self._command in ("run-serial", "watch", "profile"):
            _name_emulated(found)

    def said(self, text: str) -> list[Setting]:
        """Those that count and that `text`, an error's, is about."""
        return [
            one
            for name, one in self.used.items()
            if flag_of(name) in text or any(str(value) in text for value in _values(one.value))
        ]


def _values(value: Any) -> tuple[Any, ...]:
    """The parts of a value that an error would quote: short ones would be found anywhere."""
    parts = value if isinstance(value, tuple) else (value,)
    return tuple(part for part in parts if len(str(part)) > 2 and not isinstance(part, bool))


def _of_run(given: Layer) -> None:
    if _typed(given, "resume"):
        # The run has its settings: only what is shown of it is new.
        _drop(given, *(name for name in given if name not in _SHOWN))
        return
    _drop_filter(given)
    _one_project(given)


def _one_project(given: Layer) -> None:
    port, project = given.get("port"), given.get("project")
    if port is not None and project is not None and _emulates(port.value):
        # The later layer loses: a port that names its project, and a project.
        if port.layer < project.layer:
            _drop(given, "project")
        elif project.layer < port.layer:
            _drop(given, "port")


def _of_flash(given: Layer) -> None:
    port = given.get("port")
    if port is not None and (port.value == "all" or split_port(port.value) is not None):
        _drop(given, "port")  # it says where a run goes
    _drop_filter(given)


def _of_rig(given: Layer) -> None:
    action = given.get("action")
    if action is None or action.value != "check":
        _drop(given, "filter")


def _of_fit(given: Layer) -> None:
    if not _typed(given, "measure"):
        _drop(given, "tflm", "output", "port", "baud")
    _of_export(given)
    board = given.get("board")
    if board is not None:
        _drop(given, *_idle_on(str(board.value)))


def _idle_on(board: str) -> list[str]:
    """The parameters of `fit` that mean nothing on such a board."""
    from mcuzoo.board.linux import LinuxBoard
    from mcuzoo.board.load import load_any_board
    from mcuzoo.plan.options import AnyFitOptions

    options = AnyFitOptions()
    try:
        found = load_any_board(board)
    except McuzooError:
        return []  # the command itself will say so
    if isinstance(found, LinuxBoard):
        kept = options.linux_names()
        return [name for name in (*options.mcu_names(), "html") if name not in kept]
    return [name for name in options.linux_names() if name not in options.mcu_names()]


def _of_export(given: Layer) -> None:
    runtime, tree = given.get("runtime"), given.get("tflm")
    if tree is not None and tree.key == "tflm" and runtime is not None and runtime.value != "tflm":
        _drop(given, "tflm")
    _of_rates(given)


def _of_rates(given: Layer, board: str = "") -> None:
    """Those in the file are of one board; commands may be for another, `board` by default."""
    from mcuzoo.board.load import load_any_board
    from mcuzoo.timing.rates import read_rates

    rates, named = given.get("rates"), given.get("board")
    board = board if named is None else str(named.value)
    if rates is None or not rates.layer or not board:
        return
    with suppress(McuzooError):  # the command itself will say so
        if load_any_board(board).id != read_rates(Path(rates.value)).board:
            _drop(given, "rates")


def _of_try(given: Layer) -> None:
    _of_rates(given, DEFAULT_BOARD)


def _of_build(given: Layer) -> None:
    project, sdk = given.get("project"), given.get("sdk")
    shared = sdk is not None and sdk.key == "sdk"
    if shared and project is not None and not _is_of_sdk(Path(project.value)):
        _drop(given, "sdk")


def _of_profile(given: Layer) -> None:
    cycles = given.get("cycles")
    if cycles is None or not cycles.value:
        _drop(given, "rates")
    target = given.get("target")
    if target is not None and (_is_project(target.value) or _emulates(target.value)):
        _drop(given, "project")


_TRIMS: Mapping[str, Callable[[Layer], None]] = {
    "run-serial": _of_run,
    "watch": _one_project,
    "flash": _of_flash,
    "rig": _of_rig,
    "fit": _of_fit,
    "export": _of_export,
    "build": _of_build,
    "profile": _of_profile,
    "try": _of_try,
}
"""By command: takes away what would be refused beside the rest, or would change its meaning."""


def _typed(given: Layer, name: str) -> bool:
    return name in given and not given[name].layer


def _drop(given: Layer, *names: str) -> None:
    for name in names:
        if name in given and given[name].layer:
            del given[name]


def _drop_filter(given: Layer) -> None:
    if "rig" not in given and "labgrid" not in given:
        _drop(given, "filter")


def _emulates(ports: str | Sequence[str]) -> bool:
    """Whether one of the ports is an emulated board that names its project."""
    given = (ports,) if isinstance(ports, str) else ports
    return any(project for project, _ in filter(None, map(split_port, given)))


def _name_emulated(found: dict[str, Any]) -> None:
    """emulator:// alone is the emulated board of the project."""
    project = found.get("project")
    for name in ("port", "target"):
        value = found.get(name)
        if project is None or not value:
            continue
        several = isinstance(value, tuple)
        named = tuple(_named(port, project) for port in (value if several else (value,)))
        found[name] = named if several else named[0]


def _named(port: str, project: object) -> str:
    emulated = split_port(port)
    return port if emulated is None or emulated[0] else f"{SCHEME}{project}{emulated[1]}"


def _is_project(target: str) -> bool:
    return (Path(target) / MANIFEST_NAME).is_file()


def _is_of_sdk(project: Path) -> bool:
    from mcuzoo.untrusted import parse_json, read_text

    try:
        manifest = parse_json(read_text(project / MANIFEST_NAME))
    except (OSError, ValueError):
        return False  # build says what is wrong with it
    return isinstance(manifest, dict) and manifest.get("project") == "mcuxpresso"
