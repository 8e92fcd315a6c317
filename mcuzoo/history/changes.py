"""What differs between two runs, in the order in which one thing is made of another: model, recipe,
data, firmware, compiler, board, line, then what was asked of the run, and mcuzoo itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Literal

from mcuzoo.emulator.scheme import split_port
from mcuzoo.project.recipe import Recipe, recipe_text
from mcuzoo.run.record import RunMeta

Part = Literal["model", "data", "firmware", "rig", "bounds", "mcuzoo"]
"""Of a run, as verdicts name what broke; and what was asked of it, and by which mcuzoo."""


class Aspect(str, Enum):
    """Something that a run depends on."""

    MODEL = "model"
    RECIPE = "recipe"
    DATA = "data"
    FIRMWARE = "firmware build"
    COMPILER = "compiler"
    BOARD = "board"
    LINE = "line"
    BOUNDS = "bounds"
    HOST = "mcuzoo"

    @property
    def part(self) -> Part:
        """The part of a run that this belongs to."""
        return _PARTS[self]


_PARTS: dict[Aspect, Part] = {
    Aspect.MODEL: "model",
    Aspect.RECIPE: "data",
    Aspect.DATA: "data",
    Aspect.FIRMWARE: "firmware",
    Aspect.COMPILER: "firmware",
    Aspect.BOARD: "rig",
    Aspect.LINE: "rig",
    Aspect.BOUNDS: "bounds",
    Aspect.HOST: "mcuzoo",
}


BUILD, IMAGES, SHA256 = "build", "images", "SHA-256"


@dataclass(frozen=True)
class Compared:
    """One value of both runs in words; None: its journal does not know it. aspect: the kind of
    thing. what: its name. baseline, run: as text."""

    aspect: Aspect
    what: str
    baseline: str | None
    run: str | None

    @property
    def differs(self) -> bool | None:
        """None where a journal does not know its value."""
        if self.baseline is None or self.run is None:
            return None
        return self.baseline != self.run


def compare_metas(baseline: RunMeta, run: RunMeta) -> tuple[Compared, ...]:
    """Every value that decides about a run's results, of both runs, in the order of Aspect. What
    neither run knows is left out."""
    found = [Compared(aspect, what, value(baseline), value(run)) for aspect, what, value in _VALUES]
    recipes = _recipes(baseline.preprocessing, run.preprocessing)
    found.append(Compared(Aspect.RECIPE, "recipe", *recipes))
    order = list(Aspect)
    found.sort(key=lambda one: order.index(one.aspect))
    return tuple(one for one in found if (one.baseline, one.run) != (None, None))


def differing(compared: Sequence[Compared]) -> tuple[Compared, ...]:
    """Those that are known to differ."""
    return tuple(one for one in compared if one.differs)


def unknown(compared: Sequence[Compared]) -> tuple[Compared, ...]:
    """Those that one of the runs does not know."""
    return tuple(one for one in compared if one.differs is None)


def differing_aspects(compared: Sequence[Compared]) -> tuple[Aspect, ...]:
    """In the order of Aspect."""
    found = {one.aspect for one in differing(compared)}
    return tuple(aspect for aspect in Aspect if aspect in found)


def follows_from_model(compared: Sequence[Compared]) -> bool:
    """Whether the firmware differs by its build id alone, as a build with another model does."""
    found = {(one.aspect, one.what) for one in differing(compared)}
    of_firmware = {what for aspect, what in found if aspect.part == "firmware"}
    return of_firmware == {BUILD} and (Aspect.MODEL, SHA256) in found


def only_other_images(compared: Sequence[Compared]) -> bool:
    """Whether the data differ by the list of images alone: which there are, and in which order."""
    return {one.what for one in differing(compared) if one.aspect.part == "data"} == {IMAGES}


def _recipes(baseline: Recipe, run: Recipe) -> tuple[str, str]:
    """The recipes in words; of two that differ the parts that do."""
    if baseline == run:
        return recipe_text(baseline), recipe_text(run)
    before, now = asdict(baseline), asdict(run)
    names = [name for name in before if before[name] != now[name]]
    return _parts(before, names), _parts(now, names)


def _parts(values: dict[str, object], names: Sequence[str]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {_plain(values[name])}" for name in names)


def _plain(value: object) -> str:
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    return {None: "none", True: "yes", False: "no"}.get(value, str(value))  # type: ignore[call-overload,no-any-return]


def _classes(meta: RunMeta) -> str | None:
    if meta.class_names is None:
        return f"{meta.classes:,} without names"
    shown = ", ".join(name.split(",")[0] for name in meta.class_names[:3])
    more = ", ..." if len(meta.class_names) > 3 else ""
    digest = _digest("\n".join(meta.class_names))
    return f"{meta.classes:,}: {shown}{more} ({digest})"


def _digest(text: str) -> str:
    from hashlib import sha256

    return sha256(text.encode("utf-8", "replace")).hexdigest()[:8]


def _input(meta: RunMeta) -> str | None:
    known = meta.input
    if known is None:
        return None
    return _tensor(known.shape, known.scale, known.zero_point)


def _output(meta: RunMeta) -> str:
    shape = meta.output_shape or (1, meta.classes)
    return _tensor(shape, meta.output_scale, meta.output_zero_point)


def _tensor(shape: Sequence[int], scale: float, zero_point: int) -> str:
    return f"{'x'.join(map(str, shape))}, scale {scale:.9g}, zero point {zero_point}"


def _build(name: str) -> Callable[[RunMeta], str | None]:
    def value(meta: RunMeta) -> str | None:
        found = None if meta.build is None else getattr(meta.build, name)
        return None if found is None else str(found)

    return value


def _board_name(meta: RunMeta) -> str:
    return f"{meta.board.board}, {meta.board.kind}"


def _boards(meta: RunMeta) -> str | None:
    """The names of several boards."""
    if not meta.boards:
        return "one"
    return f"{len(meta.boards)}: {', '.join(sorted(board.name for board in meta.boards))}"


def _port(meta: RunMeta) -> str:
    settings = meta.settings
    if settings.rig or settings.labgrid:
        return str(settings.rig or settings.labgrid)
    ports = settings.ports or (settings.port,) if settings.port or settings.ports else ()
    return ", ".join(_without_project(port) for port in ports or (b.port for b in meta.boards))


def _without_project(port: str) -> str:
    """An emulated board's port names the project, which is no part of the line."""
    emulated = split_port(port)
    return port if emulated is None else f"emulated{emulated[1]}"


def _rate(meta: RunMeta) -> str:
    highest = meta.settings.max_baud
    return f"{meta.settings.baud:,} baud" + (f", up to {highest:,}" if highest else "")


def _bounds(meta: RunMeta) -> str:
    settings = meta.settings
    asked = [f"{name.replace('_', ' ')} {value:,}" for name, value in settings.given.items()]
    asked += ["strict"] * settings.strict + ["strict budgets"] * settings.strict_budgets
    return ", ".join(asked) or "none"


def _values() -> Iterator[tuple[Aspect, str, Callable[[RunMeta], str | None]]]:
    yield Aspect.MODEL, "model", lambda meta: meta.model
    yield Aspect.MODEL, SHA256, lambda meta: meta.board.model_sha256
    yield Aspect.MODEL, "input", _input
    yield Aspect.MODEL, "output", _output
    yield Aspect.DATA, IMAGES, lambda meta: f"SHA-256 {meta.data_set_digest}"
    yield Aspect.DATA, "classes", _classes
    yield Aspect.FIRMWARE, BUILD, lambda meta: meta.board.build_id
    yield Aspect.FIRMWARE, "runtime", lambda meta: meta.board.runtime
    yield Aspect.FIRMWARE, "delegate", lambda meta: " and ".join(meta.delegates) or "none"
    yield Aspect.COMPILER, "compiler", lambda meta: meta.board.toolchain
    yield Aspect.COMPILER, "its version", _build("compiler")
    yield Aspect.COMPILER, "optimization", _build("optimization")
    yield Aspect.BOARD, "board", _board_name
    yield Aspect.BOARD, "CPUID", lambda meta: f"{meta.board.cpuid:#010x}"
    yield Aspect.BOARD, "core clock", lambda meta: f"{meta.board.core_clock_hz / 1e6:g} MHz"
    yield Aspect.BOARD, "boards", _boards
    yield Aspect.LINE, "port", _port
    yield Aspect.LINE, "rate", _rate
    yield Aspect.LINE, "encoded inputs", lambda meta: _plain(meta.settings.compress)
    yield Aspect.BOUNDS, "bounds", _bounds
    yield Aspect.HOST, "mcuzoo", lambda meta: meta.tool_version


_VALUES = tuple(_values())
