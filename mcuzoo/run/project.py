"""Which project a port belongs to, the rates to use there, and the host reference of its model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from mcuzoo.emulator.scheme import SCHEME, split_port
from mcuzoo.emulator.url import emulated_project, port_packages
from mcuzoo.errors import (
    BoardSilentError,
    ProjectError,
    UsageError,
    WrongFirmwareError,
    command,
)
from mcuzoo.extras import require_packages
from mcuzoo.graph.model import Model
from mcuzoo.link.rates import DEFAULT_MAX_BAUD
from mcuzoo.project.manifest import (
    MANIFEST_NAME,
    AnyManifest,
    Manifest,
    UniversalManifest,
    load_project,
)
from mcuzoo.project.rules import inside
from mcuzoo.rig.find_board import ALL, AUTO, project_baud

if TYPE_CHECKING:
    from mcuzoo.engines.reference import ReferenceEngine


def max_baud_of(baud: int | None, max_baud: int | None) -> int:
    """The highest rate to change to; 0, none, if `baud` names the rate."""
    return 0 if baud is not None else max_baud or DEFAULT_MAX_BAUD


def baud_note(baud: int, of_project: int) -> str:
    """The origin of `baud`, for messages about a port that was opened at it."""
    if baud == of_project:
        return "as the project says"
    return f"as --baud says; the project says {of_project}"


_LISTED = 6


def find_project(
    port: str | None,
    given: Path | None = None,
    *,
    universal: bool = False,
    baud: int | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Path:
    """The project folder: the one given, that of an emulator:// port, or the current folder; else
    the only project in the current folder, or the one whose build the board at `port` says it runs.

    universal: prefer projects that take a model over the link, else those with a model. `say` gets
    the choice among folders. The port is opened only to choose among several.

    Raises UsageError when there is no project or no port to ask, WrongFirmwareError when the board
    runs none of them, PortError for a malformed URL, and what opening the port raises.
    """
    if given is not None:
        return given.resolve()
    if port in (AUTO, ALL):
        port = None  # which boards they are follows from the project
    emulated = None if port is None else emulated_project(port)
    if emulated is not None:
        return emulated.resolve()
    if Path(MANIFEST_NAME).is_file():
        return Path.cwd()
    beside = sorted(path.parent for path in Path.cwd().glob(f"*/{MANIFEST_NAME}"))
    if not beside:
        raise UsageError(
            "No project: neither the current folder nor a folder in it is one, and --project was "
            "not given.",
            "Name the exported project that the board runs: --project DIR. "
            "mcuzoo export makes one.",
        )
    if len(beside) > 1:
        return _asked(port, _of_kind(beside, universal), baud, say)
    say(f"project: {beside[0].name}, the only one here")
    return beside[0]


def emulated_port(target: str | PathLike[str], count: str = "1") -> str:
    """The port that `target` names: itself, or that of the emulated board with a project folder.

    count: how many inferences are counted, or all, where an emulated board's port does not say so.
    """
    folder = fspath(target)
    if (Path(folder) / MANIFEST_NAME).is_file():
        return f"{SCHEME}{folder}?count={count}"
    split = split_port(folder)
    if split is None or "count" in dict(parse_qsl(split[1][1:], keep_blank_values=True)):
        return folder
    return f"{folder}{'&' if split[1] else '?'}count={count}"


Candidates = Sequence[tuple[Path, AnyManifest]]


def _of_kind(projects: Sequence[Path], universal: bool) -> Candidates:
    """The valid projects of the wanted kind; all valid ones if there is none of that kind."""
    known: list[tuple[Path, AnyManifest]] = []
    for project in projects:
        try:
            known.append((project, load_project(project)))
        except ProjectError:
            if project is projects[-1] and not known:
                raise
    meant = [pair for pair in known if isinstance(pair[1], UniversalManifest) is universal]
    return meant or known


def _asked(
    port: str | None, projects: Candidates, baud: int | None, say: Callable[[str], None]
) -> Path:
    """Ask the board: the project whose newest build it runs."""
    names = [project.name for project, _ in projects]
    listed = ", ".join(names[:_LISTED]) + (" ..." if len(names) > _LISTED else "")
    hint = f"Name the one that the board runs: {command('--project', names[0])}"
    if len(projects) == 1:
        say(f"project: {names[0]}, the only one here that it can be")
        return projects[0][0]
    if port is None:
        raise UsageError(f"There are {len(names)} projects here: {listed}.", hint)
    rates = [baud] if baud else [project_baud(project, known) for project, known in projects]
    build_id = _build_at(port, list(dict.fromkeys(rates)))
    running = [project for project, known in projects if build_id in known.build_ids]
    if not running:
        raise WrongFirmwareError(
            f"The board at {port} runs the build {build_id[:8]}, which is not the newest of any of "
            f"the projects here: {listed}.",
            "mcuzoo build PROJECT and flash it, or name another project: --project DIR.",
        )
    same = f" (as {running[1].name} has, too)" if len(running) > 1 else ""
    say(f"project: {running[0].name}, which has the board's build {build_id[:8]}{same}")
    return running[0]


def _build_at(port: str, rates: Sequence[int]) -> str:
    """The build id of the board at `port`, read at the first baud rate where it answers. Raises the
    errors of Session.open."""
    from mcuzoo.link.session import Session

    require_packages(port_packages(port), "This command")
    for rate in rates:
        try:
            with Session.open(port, rate) as session:
                return session.hello().build_id
        except BoardSilentError as error:
            silent = error
    raise silent


def project_model(project: Path, manifest: Manifest) -> Model:
    """The model that the project was exported from. Raises ProjectError when it is another one."""
    from mcuzoo.graph.read import load_model

    path = inside(project, manifest.model.file)
    model = load_model(path)
    if model.sha256 != manifest.model.sha256:
        raise ProjectError(
            f"{path} is not the model that the project was exported from.",
            "Export the project again.",
        )
    return model


def reference_engine(project: Path, manifest: Manifest) -> ReferenceEngine:
    """The host reference of the project's model. Raises ProjectError, ModelError."""
    from mcuzoo.engines.reference import ReferenceEngine

    return ReferenceEngine(project_model(project, manifest))
