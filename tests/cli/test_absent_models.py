"""Models of the zoo whose files are not at hand: what can be said without them is said."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from helpers.commands import invoke
from helpers.shared import shared_root

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def nothing_at_hand(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.delenv("MCUZOO_MODELS", raising=False)
    # One cache for all tests: it holds no models, only plans, which are right for each of them.
    monkeypatch.setenv("XDG_CACHE_HOME", str(shared_root(tmp_path_factory) / "table-cache"))
    monkeypatch.setenv("MCUZOO_DATA", str(tmp_path / "data"))


@pytest.mark.full
def test_export_of_what_cannot_fit_says_so_by_region(tmp_path: Path) -> None:
    project = tmp_path / "project"
    done = invoke(("export", "mobilenet_v1_1.0_224", "--board", "rt1064", "-o", project))
    assert done.exit_code == 1 and not project.exists()
    assert "mobilenet_v1_1.0_224 does not fit MIMXRT1064-EVK: " in done.stderr
    assert "of 4,194,304 bytes" in done.stderr and "its layers say so" in done.stderr
    hint = done.stderr.split("hint: ")[1]
    assert re.search(r"Of its family, mobilenet_v1_\S+ fits", hint)


def test_export_of_what_would_fit_says_how_to_get_it(tmp_path: Path) -> None:
    done = invoke(("export", "mobilenet_v1_0.25_160", "--board", "rt1050"))
    assert done.exit_code == 2
    assert "not at hand" in done.stderr and "By its layers it fits" in done.stderr
    assert "mcuzoo fetch mobilenet_v1_0.25_160" in done.stderr


def command_of(hint: str, words: str) -> list[str]:
    """The command behind `words` in a hint, as a shell would read the rest of that line."""
    (line,) = [line for line in hint.splitlines() if words in line]
    command = shlex.split(line.split(words, 1)[1])
    assert command[0] == "mcuzoo"
    return command[1:]


@pytest.mark.parametrize("options", [(), ("--runtime", "aot", "--project", "cmake")])
def test_with_nothing_at_hand_every_hint_leads_on(
    options: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MCUXSDK_ROOT", raising=False)
    absent = invoke(("export", "--board", "MIMXRT1170-EVKB", *options))
    assert absent.exit_code == 2
    hint = absent.stderr.rsplit("hint: ", 1)[1]
    assert command_of(hint, "Over the network: ")[-2:] == ["fetch", "mobilenet_v1_0.25_128"]
    offline = command_of(hint, "Offline, with the bundled model: ")
    assert offline[-len(options) :] == list(options) if options else offline[-1] != "cmake"
    made = invoke(offline)
    assert made.exit_code == 0, made.stderr
    project = next(path.parent for path in tmp_path.glob("*/mcuzoo.json"))
    if options:
        return
    build = invoke(("build", project))
    assert build.exit_code == 2
    alone = invoke(command_of(build.stderr.rsplit("hint: ", 1)[1], "Without an SDK: "))
    assert alone.exit_code == 0, alone.stderr
    assert f"next: mcuzoo build {project.name.replace('mcuzoo-', '')}-aot" in alone.stdout


def test_fit_by_layers_is_marked_as_such() -> None:
    done = invoke(("fit", "mobilenet_v1_1.0_224", "--board", "rt1064", "--json"))
    assert done.exit_code == 1
    report = json.loads(done.stdout)
    assert report["fits"] is False and "random weights" in report["warnings"][0]
    over = {region["region"]: region for region in report["regions"] if not region["fits"]}
    assert set(over) == {"flash"} and over["flash"]["used_bytes"] > over["flash"]["size_bytes"]
    assert "Of its family" in report["next_step"]
