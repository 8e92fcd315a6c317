"""Fixtures shared by all tests, and how hypothesis searches."""

from __future__ import annotations

import gc
import importlib
import importlib.util
import os
import pkgutil
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from helpers.late_grammars import make_grammars_later
from helpers.objects import FOLDER_VARIABLE
from hypothesis import HealthCheck, settings

import mcuzoo
from mcuzoo.report import schemas

# As the command does it, before numpy is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
# xdist sets it in its workers; what goes into a pipe is broken only where somebody says how wide
# it may be.
os.environ.pop("COLUMNS", None)
# The runs of tests are no news for the page of the CI job that runs them.
os.environ.pop("GITHUB_STEP_SUMMARY", None)
# A mcuzoo.toml above the folder of the tests is not theirs.
os.environ["MCUZOO_CONFIG"] = "off"
# Containers like to set it, and then every worker and every `mcuzoo` that a test starts would
# compile all sources again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

make_grammars_later()

# On again in pytest_collection_finish: nothing that is imported and collected goes away.
gc.disable()

REPOSITORY = Path(__file__).resolve().parent.parent

# Nothing depends on the clock: neither a deadline nor "data generation is too slow".
_ALWAYS = settings(
    deadline=None, database=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("repeatable", _ALWAYS, derandomize=True, max_examples=33)
# By --hypothesis-profile: all examples, as `make full` has them (see helpers/examples.py).
settings.register_profile("full", _ALWAYS, derandomize=True)
# By --hypothesis-profile; its seed is given by --hypothesis-seed (see the Makefile).
settings.register_profile("nightly", _ALWAYS, derandomize=False)
settings.load_profile("repeatable")


def pytest_configure(config: pytest.Config) -> None:
    """Load all of mcuzoo: hypothesis draws from the constants of whatever modules are loaded.

    Without this a test's examples would depend on the tests that ran before it in its process. The
    process that only hands tests out to workers needs none.
    """
    if hasattr(config, "workerinput") or not config.getoption("numprocesses", None):
        for module in pkgutil.walk_packages(mcuzoo.__path__, "mcuzoo."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    # readline, which pytest loads, sets it for child processes behind the back of os.environ.
    os.unsetenv("COLUMNS")
    # A shell's job in the background ignores Ctrl-C, and so would every process that a test starts.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # The workers, which inherit it, share what they compile for this machine.
    if FOLDER_VARIABLE not in os.environ:
        os.environ[FOLDER_VARIABLE] = tempfile.mkdtemp(prefix="mcuzoo-objects-")
        config.add_cleanup(lambda: shutil.rmtree(os.environ.pop(FOLDER_VARIABLE)))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take long come first, so that no worker is left alone with one at the end."""
    weights: Counter[Path] = Counter()
    for item in items:
        takes_long = item.get_closest_marker("full") or item.get_closest_marker("slow")
        weights[item.path] += 100 if takes_long else 1
    items.sort(key=lambda item: weights[item.path], reverse=True)


def pytest_collection_finish() -> None:
    """What thousands of tests are made of stays to the end: the garbage collector need not look at
    it again and again, and what tests leave behind can wait."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()


@pytest.fixture(autouse=True, scope="session")
def documents_as_their_schemas_say() -> Iterator[None]:
    """Whatever a command of this process prints with --json is checked against its schema; not in
    the environment of `make farm`, which has no validator."""
    if importlib.util.find_spec("jsonschema") is None:
        yield
        return
    labelled = schemas.labelled

    def checked(document: str, fields: Mapping[str, object]) -> dict[str, object]:
        from helpers.schemas import complaints

        made = labelled(document, fields)
        assert not complaints(made)
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schemas, "labelled", checked)
        yield


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of published models, images and golden outputs (never part of this repository).

    $MCUZOO_TEST_DATA names it; tests that need it are skipped where it is missing, unless
    MCUZOO_REQUIRE_TEST_DATA=1 says that it must be there.
    """
    default = REPOSITORY.parent / "shared" / "data"
    folder = Path(os.environ.get("MCUZOO_TEST_DATA") or default)
    if (folder / "models").is_dir():
        return folder
    message = f"no test data in {folder}; set MCUZOO_TEST_DATA"
    if os.environ.get("MCUZOO_REQUIRE_TEST_DATA") == "1":
        pytest.fail(message)
    pytest.skip(message)
