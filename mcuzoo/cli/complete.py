"""What may follow on a command line: the words that a shell offers at the Tab key.

A shell's script (templates/completion) calls `mcuzoo __complete WORDS` with the words behind
`mcuzoo`, the last one as far as it is typed. Each line of the answer is a word, a tab and what it
means; or FILES: the shell shall offer files; or PATHS: these words are paths. Nothing heavy is
imported, no port is opened, and no file of the user is read.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mcuzoo.cli.commands import COMMANDS, command_of
from mcuzoo.cli.configured import configurable
from mcuzoo.config.keys import FILE_NAME
from mcuzoo.config.parameters import Parameter
from mcuzoo.flash.options import WAYS
from mcuzoo.project.kinds import (
    MANIFEST_NAME,
    OPTIMIZATIONS,
    PROJECTS,
    RUNTIMES,
    TOOLCHAINS,
    WEIGHTS,
)
from mcuzoo.project.recipe import COLORS, FITS, KERNELS, LIBRARIES

SHELLS = ("bash", "zsh", "fish")
FILES, PATHS = ":files", ":paths"

_LONGEST_HELP = 60
_MOST = 500


@dataclass
class Answer:
    """words: with what each means. files: the shell shall offer files. paths: words are paths."""

    words: dict[str, str] = field(default_factory=dict)
    files: bool = False
    paths: bool = False

    def lines(self) -> Iterator[str]:
        if self.files:
            yield FILES
        if self.paths:
            yield PATHS
        for word, meaning in list(self.words.items())[:_MOST]:
            if word.isprintable():
                yield f"{word}\t{meaning}"


def answer_lines(words: Sequence[str]) -> Iterator[str]:
    """What `mcuzoo __complete WORDS` prints. For bash: --line LINE BREAKS, the line as far as it
    is typed, and the characters at which bash ends a word."""
    if list(words[:1]) != ["--line"] or len(words) != 3:
        yield from complete(words).lines()
        return
    _, line, breaks = words
    typed = split_line(line)[1:]
    found = complete(typed)
    # bash replaces only what stands behind the last such character.
    last = typed[-1] if typed else ""
    cut = 1 + max((last.rfind(char) for char in ":=" if char in breaks), default=-1)
    found.words = {word[cut:]: meaning for word, meaning in found.words.items()}
    yield from found.lines()


def split_line(line: str) -> list[str]:
    """The words of an unfinished line of a shell; the last one is "" behind a blank."""
    if (len(line) - len(line.rstrip("\\"))) % 2:
        line = line[:-1]  # what it stands before is not typed yet
    for end in ("", "'", '"'):
        try:
            words = shlex.split(line + end)
        except ValueError:
            continue
        finished = not end and (line[-1:].isspace() or not line)
        return [*words, ""] if finished else words
    return [*line.split(), ""]


def complete(words: Sequence[str]) -> Answer:
    """What may stand in place of the last of `words`, which begins with it."""
    *before, last = words or [""]
    if not before:
        meant = {**COMMANDS, "--help": "Show the list of commands.", "--version": "Print version."}
        return _beginning(last, meant)
    name = before[0]
    if name not in COMMANDS:
        return Answer()
    return _of_command(name, before[1:], last)


def _of_command(name: str, before: Sequence[str], last: str) -> Answer:
    parameters = command_of(name).parameters
    by_flag = {flag: one for one in parameters if not one.is_argument for flag in one.flags}
    waiting, position, used, ended = _walked(by_flag, before)
    if waiting is not None:
        return _values(name, waiting, last)
    if last.startswith("--") and "=" in last and not ended:
        flag, _, typed = last.partition("=")
        found = _values(name, by_flag[flag], typed) if flag in by_flag else Answer()
        return Answer({f"{flag}={word}": meaning for word, meaning in found.words.items()})
    if last.startswith("-") and not ended:
        return _beginning(last, _options(parameters, used))
    arguments = [one for one in parameters if one.is_argument]
    if position >= len(arguments) and not (arguments and arguments[-1].many):
        return _beginning(last, _options(parameters, used))
    return _values(name, arguments[min(position, len(arguments) - 1)], last)


def _walked(
    by_flag: dict[str, Parameter], words: Sequence[str]
) -> tuple[Parameter | None, int, set[str], bool]:
    """The option that waits for its value; how many arguments there are; the options that are
    there, by name; whether -- has ended them."""
    waiting: Parameter | None = None
    used: set[str] = set()
    position = 0
    for at, word in enumerate(words):
        if waiting is not None:
            waiting = None
        elif word == "--":
            return None, position + len(words) - at - 1, used, True
        elif word.startswith("-") and word != "-":
            one = by_flag.get(word.partition("=")[0])
            if one is not None:
                used.add(one.name)
                waiting = None if one.kind is bool or "=" in word else one
        else:
            position += 1
    return waiting, position, used, False


def _options(parameters: Sequence[Parameter], used: set[str]) -> dict[str, str]:
    found = {}
    for one in parameters:
        if one.is_argument or (one.name in used and not one.many):
            continue
        for flag in (one.shown, one.off):
            if flag is not None:
                found[flag] = one.meant.help
    return {**found, "--help": "Show the command's help."}


def _values(name: str, one: Parameter, last: str) -> Answer:
    known = _KNOWN.get((name, one.name)) or _KNOWN.get(("", one.name))
    if known is not None:
        return known(last)
    return Answer(files=one.kind is Path)


def _beginning(last: str, known: dict[str, str]) -> Answer:
    return Answer(
        {word: _short(meaning) for word, meaning in known.items() if word.startswith(last)}
    )


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_HELP else f"{line[: _LONGEST_HELP - 1].rstrip()}…"


def _one_of(*words: str) -> Callable[[str], Answer]:
    return lambda last: _beginning(last, dict.fromkeys(words, ""))


def _boards(last: str) -> Answer:
    from mcuzoo.resources import boards_dir

    ids = sorted(path.stem for path in boards_dir().glob("*.toml"))
    return _with_files(last, _beginning(last, dict.fromkeys(ids, "board")), ".toml")


def _models(last: str) -> Answer:
    return _with_files(last, _names(last), ".tflite")


def _names(last: str) -> Answer:
    from mcuzoo.zoo.names import model_names

    return _beginning(last, dict.fromkeys(model_names(), "model of the zoo"))


def _recipes(last: str) -> Answer:
    ways = _beginning(last, dict.fromkeys(_NORMALIZE, "numbers"))
    return _with_files(last, Answer({**ways.words, **_names(last).words}), ".toml")


def _networks(last: str) -> Answer:
    """What quantize takes: a name, files of several kinds, or the folder of a SavedModel."""
    return _with_files(last, _names(last), *_NETWORKS)


def _resizes(last: str) -> Answer:
    """[LIBRARY:]KERNEL[:antialias], as far as it is typed."""
    words = [*KERNELS, *(f"{library}:{kernel}" for library in LIBRARIES for kernel in KERNELS)]
    whole = [f"{word}:antialias" for word in words if last.startswith(f"{word}:")]
    return _beginning(last, dict.fromkeys((*words, *whole), ""))


def _ways(last: str) -> Answer:
    from mcuzoo.cli.terminal import WAYS

    return _beginning(last, dict.fromkeys(WAYS, ""))


def _with_files(last: str, known: Answer, *suffixes: str) -> Answer:
    """The words, and the files of those kinds and folders that begin so."""
    paths = _paths(last, lambda path: path.is_dir() or _is_of(path, suffixes))
    shown = paths if last or not known.words else {
        word: meaning for word, meaning in paths.items() if word.endswith(suffixes)
    }  # fmt: skip
    return Answer({**known.words, **shown}, paths=bool(shown))


def _is_of(path: Path, suffixes: tuple[str, ...]) -> bool:
    return path.suffix in suffixes and path.name != FILE_NAME


def _paths(last: str, wanted: Callable[[Path], bool]) -> dict[str, str]:
    head = last[: last.rfind("/") + 1]
    folder = Path(head or ".").expanduser()
    try:
        inside = sorted(folder.iterdir())
    except OSError:
        return {}
    begun = last[len(head) :]
    return {
        f"{head}{path.name}{'/' if path.is_dir() else ''}": ""
        for path in inside
        if path.name.startswith(begun) and (begun or not path.name.startswith(".")) and wanted(path)
    }


def _projects(last: str) -> Answer:
    """Folders with a manifest; where there is none of them, the way through other folders."""
    found = {
        word.rstrip("/"): "project"
        for word in _paths(last, lambda path: (path / MANIFEST_NAME).is_file())
    }
    if not last and Path(MANIFEST_NAME).is_file():
        found["."] = "project"
    return Answer(found, paths=bool(found), files=not found)


def _emulated(last: str) -> dict[str, str]:
    from mcuzoo.emulator.scheme import SCHEME

    begun = last[len(SCHEME) :] if last.startswith(SCHEME) else ""
    if not (last.startswith(SCHEME) or SCHEME.startswith(last)):
        return {}
    return {
        f"{SCHEME}{word}": "emulated board"
        for word, meaning in _projects(begun).words.items()
        if meaning
    }


def _ports(last: str) -> Answer:
    from mcuzoo.link.ports import list_serial_ports, named_ports, usb_name

    listed = list_serial_ports()
    known = {usb_name(port, listed): port.description or "port" for port in listed}
    known.update({port.device: port.description or "port" for port in listed})
    known.update(dict.fromkeys(named_ports(), "MCUZOO_PORTS"))
    return _beginning(last, known)


def _downloads(last: str) -> Answer:
    return Answer({**_beginning(last, {"usb": "the board's USB"}).words, **_ports(last).words})


def _ports_of_run(last: str) -> Answer:
    more = _beginning(last, {"auto": "the board that runs the project", "all": "all that do"})
    return Answer({**_ports(last).words, **more.words, **_emulated(last)})


def _targets(last: str) -> Answer:
    projects = _projects(last)
    words = {**projects.words, **_ports(last).words, **_emulated(last)}
    return Answer(words, files=projects.files and not words)


def _schemas(last: str) -> Answer:
    from mcuzoo.report.schemas import VERSIONS, known_schemas

    return _beginning(last, dict.fromkeys((*VERSIONS, *known_schemas()), "document"))


_ENGINES = ("reference", "tflm", "litert-ref", "xnnpack", "single-rounding", "emulator")
_NORMALIZE = ("pixel", "raw", "unit", "tf", "torch", "caffe")

_NETWORKS = (".keras", ".h5", ".hdf5", ".tflite", ".onnx")
_ROLES = ("int8", "uint8", "fp32")
_SPLITS = ("train", "validation", "test", "public-test", "private-test", "all")

_KNOWN: dict[tuple[str, str], Callable[[str], Answer]] = {
    ("", "board"): _boards,
    ("", "model"): _models,
    ("", "models"): _models,
    ("", "upload"): _models,
    ("", "against_model"): _models,
    ("", "network"): _names,
    ("models", "model"): _names,
    ("fetch", "model"): _names,
    ("", "recipe"): _recipes,
    ("", "project"): _projects,
    ("", "projects"): _projects,
    ("emulate", "image"): _projects,
    ("profile", "target"): _targets,
    ("verify", "subject"): _models,
    ("fit", "vela_optimise"): _one_of("performance", "size"),
    ("export", "vela_optimise"): _one_of("performance", "size"),
    ("", "board_cpu"): _one_of("builtin", "xnnpack", "none", "no"),
    ("export", "project"): _one_of(*PROJECTS),
    ("fit", "project"): _one_of(*PROJECTS),
    ("", "port"): _ports,
    ("ports", "names"): _ports,
    ("run-serial", "port"): _ports_of_run,
    ("", "runtime"): _one_of(*RUNTIMES),
    ("", "weights"): _one_of(*WEIGHTS),
    ("", "kernels"): _one_of("cmsis-nn", "reference"),
    ("", "plan"): _one_of("offline", "greedy"),
    ("", "embed"): _one_of("array", "incbin"),
    ("", "compiler"): _one_of(*TOOLCHAINS),
    ("", "optimization"): _one_of(*(one.removeprefix("-O") for one in OPTIMIZATIONS)),
    ("build", "config"): _one_of("release", "debug"),
    ("flash", "via"): _one_of(*WAYS),
    ("", "color"): _one_of(*COLORS),
    ("", "fit"): _one_of(*FITS),
    ("", "normalize"): _one_of(*_NORMALIZE),
    ("evaluate", "engine"): _one_of(*_ENGINES),
    ("evaluate", "against"): _one_of(*_ENGINES),
    ("", "split"): _one_of(*_SPLITS),
    ("fetch", "origin"): lambda last: Answer(files=True),
    ("flash", "download"): _downloads,
    ("emulate", "count"): _one_of("all", "0", "1"),
    ("", "role"): _one_of(*_ROLES),
    ("fetch", "role"): _one_of(*_ROLES, "keras"),
    ("", "resize"): _resizes,
    ("watch", "picture"): _ways,
    ("quantize", "source"): _networks,
    ("convert", "source"): _models,
    ("convert", "io"): _one_of("keep", "int8"),
    ("rig", "action"): _one_of("scan", "check"),
    ("schema", "name"): _schemas,
    ("config", "command"): _one_of(*configurable()),
    ("completion", "shell"): _one_of(*SHELLS),
}
"""What completes a parameter, by command, or "" for all, and name."""
