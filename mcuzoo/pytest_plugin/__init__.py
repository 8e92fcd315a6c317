"""The pytest plugin: fixtures for tests on boards, real or emulated; docs/pytest.md.

pytest loads it by its entry point in every project where mcuzoo is installed, so this module
imports nothing of mcuzoo that is heavy: fixtures do when they are used.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import uuid
from collections.abc import Callable, Generator, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mcuzoo.pytest_plugin.options import Chosen, add_options, chosen, completed

if TYPE_CHECKING:
    from mcuzoo.codegen.export import Project
    from mcuzoo.pytest_plugin.bench import Bench
    from mcuzoo.pytest_plugin.leased import HostReference, LeasedBoard
    from mcuzoo.run.summary import RunSummary

_NO_BOARD = (
    "no board is named: --mcuzoo-port=PORT, --mcuzoo-rig=RIG.toml or --mcuzoo-labgrid; without "
    "hardware: --mcuzoo-port=emulator://PROJECT"
)
_SHARED = "mcuzoo_shared"


class _State:
    """Of one pytest process. folder: what workers share; the controller of xdist, or the only
    process, says where it is. own: whether it is this process's to delete."""

    def __init__(self, config: pytest.Config) -> None:
        self.said: Chosen = chosen(config)
        self.bench: Bench | None = None
        self._worker: dict[str, Any] = getattr(config, "workerinput", {})
        self.own = _SHARED not in self._worker
        new = Path(tempfile.gettempdir()) / f"mcuzoo-tests-{uuid.uuid4().hex}"
        self.folder = Path(self._worker.get(_SHARED, new))

    @cached_property
    def chosen(self) -> Chosen:
        """What the user asked for, mcuzoo.toml included."""
        return completed(self.said)

    def make_bench(self) -> Bench:
        """The bench of this worker; the first call loads mcuzoo."""
        if self.bench is None:
            from platformdirs import user_state_path

            from mcuzoo.pytest_plugin.bench import Bench
            from mcuzoo.pytest_plugin.named import Named
            from mcuzoo.pytest_plugin.shared import Shared

            named = Named(
                self.chosen,
                Shared(self.folder),
                user_state_path("mcuzoo", appauthor=False) / "leases",
                self._worker.get("workercount", 1) > 1,
            )
            self.bench = Bench(named, self._worker.get("workerid", ""))
        return self.bench


_STATE: pytest.StashKey[_State] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "hil: needs a board (hardware in the loop): skipped where none is named; with "
        "--mcuzoo-require it fails then",
    )
    config.stash[_STATE] = _State(config)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """xdist: each worker gets the folder that all of them share."""
    node.workerinput[_SHARED] = str(node.config.stash[_STATE].folder)


def pytest_report_header(config: pytest.Config) -> list[str]:
    found = config.stash[_STATE].said
    return [f"mcuzoo: {found.text}"] if found.any_board else []


def _require_board(state: _State) -> None:
    """Skip or fail a test where no board is named."""
    if state.chosen.any_board:
        return
    if state.chosen.require:
        pytest.fail(_NO_BOARD, pytrace=False)
    # Where the test is, not where this line is.
    raise pytest.skip.Exception(_NO_BOARD, _use_item_location=True)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("hil") is not None:
        _require_board(item.config.stash[_STATE])


@pytest.fixture
def board(request: pytest.FixtureRequest) -> Iterator[LeasedBoard]:
    """A board for this test alone: leased, flashed where that is wanted, and met.

    `classify(picture, label=None)` and `infer(tensor)` ask it, as those of mcuzoo.open_board do;
    `name`, `port` and `hello` say which one it is.
    """
    state = request.config.stash[_STATE]
    _require_board(state)
    bench = state.make_bench()
    test = request.node.nodeid
    leased = bench.take(test)
    request.node.user_properties.extend(
        [
            ("mcuzoo_board", leased.name),
            ("mcuzoo_kind", leased.hello.board),
            ("mcuzoo_port", leased.port),
            ("mcuzoo_build_id", leased.hello.build_id),
        ]
    )
    yield leased
    bench.give_back(test)


@pytest.fixture
def run_images(board: LeasedBoard, request: pytest.FixtureRequest) -> Callable[..., RunSummary]:
    """Runs images on this test's board, as mcuzoo run-serial does, with a journal of its own.

    `run_images(limit=100, min_top1=0.6)`: the arguments are fields of mcuzoo.RunOptions. Returns
    the RunSummary, whose `verdict` says whether the run passed, and if not, what broke.
    """
    bench = request.config.stash[_STATE].make_bench()

    def run(images: str | Path | None = None, **options: Any) -> RunSummary:
        if images is not None:
            options["images"] = images
        summary = bench.run_images(board, request.node.nodeid, options)
        request.node.user_properties.append(("mcuzoo_run", str(bench.runs[-1].folder)))
        return summary

    return run


@pytest.fixture(scope="session")
def project(request: pytest.FixtureRequest) -> Project:
    """The project that the boards run: `folder`, `board`, `manifest`."""
    state = request.config.stash[_STATE]
    if state.chosen.project is None:
        _require_board(state)
    return state.make_bench().named.project


@pytest.fixture(scope="session")
def reference(request: pytest.FixtureRequest) -> HostReference:
    """The host's answers, byte for byte those of a board that computes right.

    `reference(picture)` is compared with `board.classify(picture)`, `reference(tensor)` with
    `board.infer(tensor)`. It needs a project and no board.
    """
    state = request.config.stash[_STATE]
    if state.chosen.project is None:
        _require_board(state)
    return state.make_bench().named.reference


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    bench = item.config.stash[_STATE].bench
    if not report.failed or call.excinfo is None:
        return report
    error = call.excinfo.value
    if bench is None and not type(error).__module__.startswith("mcuzoo."):
        return report
    from mcuzoo.errors import McuzooError
    from mcuzoo.pytest_plugin.failures import section, short_error

    if isinstance(error, McuzooError) and not item.config.getoption("fulltrace"):
        report.longrepr = short_error(error, item, call.excinfo.traceback)
    text = "" if bench is None else section(bench, error)
    if text:
        report.sections.append(("mcuzoo", text))
    return report


def pytest_assertrepr_compare(
    config: pytest.Config, op: str, left: object, right: object
) -> list[str] | None:
    if not type(left).__module__.startswith("mcuzoo."):
        return None
    from mcuzoo.pytest_plugin.failures import compared

    return compared(op, left, right, config.invocation_params.dir)


def pytest_sessionfinish(session: pytest.Session) -> None:
    bench = session.config.stash[_STATE].bench
    if bench is None:
        return
    from mcuzoo.errors import McuzooError

    try:
        bench.close()
    except McuzooError as error:  # of a full disk, for instance: the tests are done
        print(f"mcuzoo: {error.message}\nhint: {error.hint}", file=sys.stderr)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    state = config.stash[_STATE]
    if not state.folder.is_dir():
        return
    from mcuzoo.pytest_plugin.summary import summary_lines

    lines = summary_lines(state.folder, state.said.home)
    if lines:
        terminalreporter.write_sep("=", "mcuzoo")
        for line in lines:
            terminalreporter.write_line(line)


def pytest_unconfigure(config: pytest.Config) -> None:
    state = config.stash.get(_STATE, None)
    if state is not None and state.own:
        shutil.rmtree(state.folder, ignore_errors=True)
