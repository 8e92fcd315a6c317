"""requirements/*.txt: every package that an installation takes, at one version, by hash."""

from __future__ import annotations

import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

REPOSITORY = Path(__file__).resolve().parents[2]
PYTHONS = ("3.10", "3.11", "3.12", "3.13")
PYTHON = {"platform_python_implementation": "CPython", "implementation_name": "cpython"}
SYSTEMS = (
    {"sys_platform": "linux", "platform_machine": "x86_64", "platform_system": "Linux"},
    {"sys_platform": "darwin", "platform_machine": "arm64", "platform_system": "Darwin"},
    {"sys_platform": "win32", "platform_machine": "AMD64", "platform_system": "Windows"},
)
LOCKS = {"demo": ["demo"], "test": ["test"], "tensorflow": ["test", "tensorflow"], "build": []}


@cache
def declared() -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads(
        (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
    )
    return project


@cache
def locked(name: str) -> tuple[tuple[Requirement, tuple[str, ...]], ...]:
    """Each requirement with its hashes."""
    text = (REPOSITORY / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    entries = []
    for line in text.replace("\\\n", " ").splitlines():
        requirement, *hashes = re.split(r"\s+--hash=", line.strip())
        entries.append((Requirement(requirement), tuple(hashes)))
    return tuple(entries)


def wanted(extra: str) -> list[Requirement]:
    """What an extra asks for, other extras of this package taken apart."""
    found = []
    for text in declared()["project"]["optional-dependencies"][extra]:
        requirement = Requirement(text)
        if requirement.name == declared()["project"]["name"]:
            found += [one for other in requirement.extras for one in wanted(other)]
        else:
            found.append(requirement)
    return found


@pytest.mark.parametrize("name", LOCKS)
def test_each_package_has_one_version_and_hashes(name: str) -> None:
    assert locked(name)
    for requirement, hashes in locked(name):
        assert re.fullmatch(r"==[^*,]+", str(requirement.specifier)), requirement
        assert requirement.url is None and hashes, requirement
        assert all(re.fullmatch("sha256:[0-9a-f]{64}", value) for value in hashes), requirement


@pytest.mark.parametrize("name", LOCKS)
def test_what_is_declared_is_locked_for_every_python_and_system(name: str) -> None:
    """Fails when pyproject.toml has changed and `make lock` has not been run."""
    if name == "build":
        needed = [Requirement(text) for text in declared()["dependency-groups"]["build"]]
    else:
        needed = [Requirement(text) for text in declared()["project"]["dependencies"]]
        needed += [one for extra in LOCKS[name] for one in wanted(extra)]
    for python in PYTHONS:
        for system in SYSTEMS:
            here = {**PYTHON, **system, "python_version": python}
            here["python_full_version"] = f"{python}.0"
            pins = {
                canonicalize_name(pin.name): pin
                for pin, _ in locked(name)
                if pin.marker is None or pin.marker.evaluate(here)
            }
            for requirement in needed:
                if requirement.marker is not None and not requirement.marker.evaluate(here):
                    continue
                pin = pins.get(canonicalize_name(requirement.name))
                assert pin is not None, (requirement, here)
                version = str(pin.specifier).removeprefix("==")
                assert requirement.specifier.contains(version, prereleases=True), (pin, here)


def test_the_locks_agree_with_each_other() -> None:
    """What `make demo` installs, `make test` tests."""
    tested = {str(requirement) for requirement, _ in locked("test")}
    shown = {str(requirement) for requirement, _ in locked("demo")}
    in_ci = {requirement.name: requirement for requirement, _ in locked("tensorflow")}
    assert {text.partition(";")[0] for text in shown} <= {text.partition(";")[0] for text in tested}
    assert {requirement.name for requirement, _ in locked("test")} <= in_ci.keys()


def test_no_extra_is_empty() -> None:
    extras = declared()["project"]["optional-dependencies"]
    assert all(extras.values())
    everything = {str(one) for one in wanted("all")}
    # onnx2tf names the one version of TensorFlow that it takes; nobody else is held to it. labgrid
    # brings another pyserial.
    apart = {"test", "onnx", "farm"}
    assert all({str(one) for one in wanted(extra)} <= everything for extra in extras.keys() - apart)
