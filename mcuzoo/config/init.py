"""Write mcuzoo.toml and the workflows that use it. What is there already stays as it is."""

from __future__ import annotations

from dataclasses import dataclass
from os.path import lexists
from pathlib import Path
from typing import TYPE_CHECKING

from mcuzoo.config.keys import FILE_NAME
from mcuzoo.config.options import InitOptions
from mcuzoo.errors import InputError, UsageError, command
from mcuzoo.files import cannot_write, making
from mcuzoo.project.kinds import BUNDLED

if TYPE_CHECKING:
    from mcuzoo.board.linux import LinuxBoard

PROJECT = "firmware"
GITHUB = Path(".github", "workflows", "mcuzoo.yml")
GITLAB = Path(".gitlab-ci.yml")


@dataclass(frozen=True)
class Initialized:
    """written, kept: files; kept were there already. model: that of the file that was written."""

    written: tuple[Path, ...]
    kept: tuple[Path, ...]
    model: str


def initialize(folder: Path, options: InitOptions = InitOptions()) -> Initialized:
    """Write what is not there; never over a file. A .tflite file that is named need not be there
    yet. Raises UsageError if all of it is there, or for several models to choose from; BoardError;
    InputError for a model that nobody knows, or a folder that cannot be written."""
    board, linux = _board(folder, options.board)
    model = options.model or _model_in(folder)
    if not model.endswith(".tflite") and not (folder / model).exists():
        _require_known(model)
    texts = _texts(model, board, linux, options)
    there = tuple(folder / name for name in texts if lexists(folder / name))
    if len(there) == len(texts):
        names = " and ".join(map(str, there))
        raise UsageError(
            f"{names} {'is' if len(there) == 1 else 'are'} there already, and not changed.",
            f"Name another folder, or look at what counts: {command('mcuzoo', 'config')}",
        )
    written = []
    for name, text in texts.items():
        path = folder / name
        if path in there:
            continue
        _write_new(path, text)
        written.append(path)
    return Initialized(tuple(written), there, model)


def _texts(
    model: str, board: str, linux: LinuxBoard | None, options: InitOptions
) -> dict[Path, str]:
    """linux: the board, if it runs Linux."""
    from mcuzoo.codegen.templates import render

    facts = {
        "model": model,
        "board": board,
        "project": PROJECT,
        "bundled": model == BUNDLED,
        "linux": linux is not None,
        "npu": linux is not None and linux.npu is not None and linux.npu.vela is not None,
    }
    texts = {Path(FILE_NAME): render("init/mcuzoo.toml.j2", **facts)}
    if options.github:
        texts[GITHUB] = render("init/github.yml.j2", **facts)
    if options.gitlab:
        texts[GITLAB] = render("init/gitlab-ci.yml.j2", **facts)
    return texts


def _board(folder: Path, named: str) -> tuple[str, LinuxBoard | None]:
    """What mcuzoo.toml calls the board; and the board, if it is known to run Linux. A .toml file
    need not be there yet."""
    from mcuzoo.board.linux import LinuxBoard
    from mcuzoo.board.load import load_any_board

    file = folder / named if named.endswith(".toml") else None
    if file is not None and not file.is_file():
        return named, None
    board = load_any_board(named if file is None else str(file))
    return (board.id if file is None else named), board if isinstance(board, LinuxBoard) else None


def _model_in(folder: Path) -> str:
    found = sorted(path.name for path in folder.glob("*.tflite"))
    if len(found) > 1:
        raise UsageError(
            f"{folder} has {len(found)} models: {', '.join(found[:6])}.",
            f"Name one: {command('--model', found[0])}",
        )
    return found[0] if found else BUNDLED


def _require_known(model: str) -> None:
    from mcuzoo.zoo.catalog import catalog
    from mcuzoo.zoo.registry import no_such_model

    if model not in catalog():
        raise no_such_model(model)


def _write_new(path: Path, text: str) -> None:
    """Raises InputError if the file cannot be made, or has come up in the meantime."""
    with making(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError as error:
        raise InputError(f"{path} is there already.", "It is not changed.") from error
    except OSError as error:
        raise cannot_write(path, error) from error
