"""What the options of the plugin name: a project, the boards that run it, the host's answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from mcuzoo.codegen.export import Project
from mcuzoo.emulator.url import emulated_project, port_packages
from mcuzoo.errors import UsageError
from mcuzoo.extras import require_packages
from mcuzoo.project.manifest import load_project
from mcuzoo.pytest_plugin.leased import Firmware, HostReference
from mcuzoo.pytest_plugin.options import Chosen
from mcuzoo.pytest_plugin.pool import Boards, BoardsAtPorts, BoardsOfFarm, Candidate
from mcuzoo.pytest_plugin.shared import Shared
from mcuzoo.rig.boards import chosen as chosen_boards
from mcuzoo.rig.file import read_rig
from mcuzoo.rig.find_board import ALL, AUTO, port_of, ports_of, project_baud, project_board
from mcuzoo.run.job import settings_of
from mcuzoo.run.many.choice import first_project, listed_boards
from mcuzoo.run.options import RunOptions
from mcuzoo.run.project import find_project
from mcuzoo.run.record import Settings
from mcuzoo.run.sessions import Subject, reference_of, subject_of


class Named:
    """Nothing is read before it is asked for. leases: the folder of the locks of this user's
    boards. several_workers: others share the boards. messages: what a user may want to know."""

    def __init__(self, chosen: Chosen, shared: Shared, leases: Path, several_workers: bool) -> None:
        self.chosen = chosen
        self.shared = shared
        self.messages: list[str] = []
        self._leases = leases
        self._several_workers = several_workers

    @cached_property
    def subject(self) -> Subject:
        """The project, and the model that its boards run. Raises UsageError, ProjectError."""
        options = self._options
        folder = find_project(
            options.one_port,
            first_project(options),
            universal=options.upload is not None,
            say=self.messages.append,
        )
        return subject_of(folder, options.upload)

    @cached_property
    def project(self) -> Project:
        """The same as mcuzoo.export returns it."""
        folder = self.subject.project
        manifest = load_project(folder)
        return Project(folder, project_board(folder, manifest), manifest)

    @cached_property
    def firmware(self) -> Firmware:
        subject = self.subject
        engine = reference_of(subject, self.messages.append)
        return Firmware(subject.manifest, subject.classes, engine)

    @cached_property
    def reference(self) -> HostReference:
        return HostReference(self.firmware)

    @cached_property
    def _options(self) -> RunOptions:
        chosen = self.chosen
        return RunOptions(
            port=chosen.ports or None,
            rig=chosen.rig,
            filter=chosen.filter,
            labgrid=chosen.labgrid,
            lg_wait=None if chosen.labgrid is None else chosen.wait_s,
            project=chosen.project,
            upload=chosen.upload,
            baud=chosen.baud,
        )

    @cached_property
    def settings(self) -> Settings:
        """Of a run on these boards."""
        return self._choice[0]

    @cached_property
    def boards(self) -> Boards:
        """Where workers lease them. Raises UsageError, InputError, MissingExtraError, and what
        looking for `auto` and `all` raises."""
        return self._choice[1]

    @cached_property
    def _choice(self) -> tuple[Settings, Boards]:
        subject, say = self.subject, self.messages.append
        options = replace(self._options, port=tuple(self._ports()) or None)
        base = settings_of(options, subject)
        choice = listed_boards(options, base, subject, say)
        settings = replace(base, **choice.settings)
        if not choice.several:
            farm = BoardsOfFarm(settings, subject, options, self.shared, say, self._several_workers)
            return settings, farm
        for port in choice.ports:
            require_packages(port_packages(port), "A board at this port")
        of_rig = {}
        if options.rig is not None:
            of_rig = {one.name: one for one in chosen_boards(read_rig(options.rig), options.filter)}
        if self.chosen.probe is not None and (of_rig or len(choice.several) > 1):
            raise UsageError(
                "--mcuzoo-probe is of one board, and there are several.",
                'Write a rig file, with probe = "ID" for each: mcuzoo rig scan -o rig.toml',
            )
        candidates = []
        for board, port in zip(choice.several, choice.ports, strict=True):
            known = of_rig.get(board.name)
            own = None
            if self.chosen.project is None:
                own = emulated_project(port) if known is None else known.project
            candidates.append(
                Candidate(
                    board,
                    port,
                    subject.project if own is None else own.resolve(),
                    probe=self.chosen.probe if known is None else known.probe,
                    baud=None if known is None else known.baud,
                    rig=None if known is None else options.rig,
                )
            )
        boards = BoardsAtPorts(candidates, self.shared, self._leases, self._several_workers)
        return settings, boards

    def _ports(self) -> list[str]:
        """The ports that were named; those that stand for whatever is there are looked up once,
        because a worker that asks later finds the ports of the others in use."""
        found: list[str] = []
        manifest = self.subject.manifest
        baud = self.chosen.baud or project_baud(self.subject.project, manifest)
        say = self.messages.append
        finders: dict[str, Callable[[], list[str]]] = {
            AUTO: lambda: [port_of(manifest, baud, say)],
            ALL: lambda: ports_of(manifest, baud, say),
        }
        for port in self._options.ports:
            found += self.shared.once(port, finders[port]) if port in finders else [port]
        return found
