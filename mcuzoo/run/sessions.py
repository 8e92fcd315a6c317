"""Sessions with a board: at a port, at a baud rate, with an upload first if it takes models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TextIO

from mcuzoo.data.labels import Classes, load_classes
from mcuzoo.data.output_form import form_of
from mcuzoo.errors import McuzooError, UnsupportedOpError
from mcuzoo.graph.model import Model
from mcuzoo.link.channel import DeviceLog
from mcuzoo.link.port_watch import DEFAULT_WAIT_S, PortWatch
from mcuzoo.link.session import Session
from mcuzoo.link.state import LinkState, Timing
from mcuzoo.project.manifest import Manifest, load_manifest, load_project
from mcuzoo.project.rules import inside
from mcuzoo.quoting import printable, printable_lines
from mcuzoo.rig.find_board import AUTO, port_of, project_baud
from mcuzoo.run.connected_board import OpenSession
from mcuzoo.run.project import baud_note, max_baud_of, project_model
from mcuzoo.run.record import RunMeta
from mcuzoo.run.upload import (
    Upload,
    own_classes,
    own_samples,
    prepare_upload,
    require_universal,
    uploading,
)
from mcuzoo.zoo.registry import resolve_model

if TYPE_CHECKING:
    from mcuzoo.engines.reference import ReferenceEngine


@dataclass(frozen=True)
class Subject:
    """A project and the model that its board runs. upload: the model for a universal firmware;
    None: the model is linked in."""

    project: Path
    manifest: Manifest
    upload: Upload | None

    @property
    def samples(self) -> Path | None:
        """The pictures that come with the model: a manifest.csv."""
        if self.upload is not None:
            return own_samples(self.upload)
        samples = self.manifest.samples
        return None if samples is None else inside(self.project, samples)

    @property
    def model(self) -> Model:
        """The model. Raises ProjectError if the project was exported from another one."""
        if self.upload is not None:
            return self.upload.model
        return project_model(self.project, self.manifest)

    @property
    def classes(self) -> Classes:
        """The classes, with the names that project or zoo have."""
        if self.upload is not None:
            return own_classes(self.upload)
        labels = self.manifest.labels
        path = None if labels is None else inside(self.project, labels)
        return load_classes(path, form_of(self.manifest.output).classes)

    def line(self, port: str, baud: int | None, wait_port: float | None = None) -> Line:
        """The line to its board at `port`, or auto. baud None: the project's rate. Raises the
        errors of port_of."""
        of_project = project_baud(self.project, self.manifest)
        rate = baud or of_project
        if port == AUTO:
            port = port_of(self.manifest, rate)
        max_baud = max_baud_of(baud, None)
        return Line(port, rate, baud_note(rate, of_project), wait_port, max_baud)


def subject_of(project: Path, upload: str | None = None) -> Subject:
    """The model for a board of `project`. Raises the errors of load_manifest and prepare_upload."""
    if upload is None:
        return Subject(project, load_manifest(project), None)
    universal = require_universal(load_project(project), project)
    sent = prepare_upload(resolve_model(upload), universal)
    return Subject(project, sent.manifest, sent)


class NotOfRunError(Exception):
    """Why a folder does not have the model of a finished run, in a sentence."""


def subject_of_run(project: Path, meta: RunMeta) -> tuple[Subject, Model]:
    """The project of a finished run, and the model that the run had; the build may be another one.

    Raises NotOfRunError where the project is not there, or has another model.
    """
    try:
        subject = subject_of(project, meta.settings.upload)
        model = subject.model
    except McuzooError as error:
        raise NotOfRunError(error.message) from None
    except OSError as error:
        raise NotOfRunError(f"{project} cannot be read: {error.strerror}") from None
    if model.sha256 != meta.board.model_sha256:
        raise NotOfRunError(f"The project {project} has another model than the run.")
    return subject, model


@dataclass(frozen=True)
class Line:
    """The line to a board. note: the origin of the baud rate. wait_port: seconds to wait for a port
    that is not there yet, and for one that went away; None: DEFAULT_WAIT_S for the latter alone.
    max_baud: the highest rate to change to; 0: none. compress: send inputs encoded, if it pays."""

    port: str
    baud: int
    note: str = ""
    wait_port: float | None = None
    max_baud: int = 0
    compress: bool = True


class Watcher(Protocol):
    """Takes the events on a line, in the thread that uses it."""

    def trouble(self, text: str) -> None:
        """Takes a sentence about a trouble from which the session recovers."""

    def log(self, line: DeviceLog) -> None:
        """A line of the board's own log."""

    def uploading(self, arrived: int, total: int) -> None:
        """How many bytes of a model have arrived."""


class MessagesOnly:
    """A Watcher that passes on messages only, and no progress. say: gets them."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say

    def trouble(self, text: str) -> None:
        self._say(f"recovering: {printable_lines(text)}")

    def log(self, line: DeviceLog) -> None:
        self._say(f"board: {line.level.name.lower()}: {printable(line.text)}")

    def uploading(self, arrived: int, total: int) -> None:
        pass


def sessions(
    line: Line,
    upload: Upload | None,
    watcher: Watcher,
    trace: TextIO | None = None,
    make_ports: Callable[..., PortWatch] = PortWatch,
) -> OpenSession:
    """Opens sessions on one board, one after the other, also if its port has a new name.

    upload: the model that each session sends if the board does not have it. trace: gets the
    traffic, in hex. make_ports: PortWatch, or what is made as it is. An opened session raises the
    errors of Session.open and `uploading`.
    """
    ports = make_ports(
        line.port,
        wait_s=DEFAULT_WAIT_S if line.wait_port is None else line.wait_port,
        wait_first=line.wait_port is not None,
        say=watcher.trouble,
    )
    ports.baud_note = line.note

    timing = Timing.of_port(line.port, line.baud, line.max_baud)

    def connect(state: LinkState) -> Session:
        session = Session.open(
            line.port,
            line.baud,
            timing=timing,
            trace=trace,
            on_log=watcher.log,
            state=state,
            ports=ports,
        )
        session.compress = line.compress
        return session

    return connect if upload is None else uploading(connect, upload, watcher.uploading)


def reference_of(subject: Subject, say: Callable[[str], None]) -> ReferenceEngine | None:
    """The host's engine for the same model; None, with a message, if it has no kernel for an op."""
    from mcuzoo.engines.reference import ReferenceEngine

    try:
        return ReferenceEngine(subject.model)
    except UnsupportedOpError as error:
        say(f"warning: Nothing is compared with the host: {error.message}")
        return None
