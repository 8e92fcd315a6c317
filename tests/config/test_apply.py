"""What was typed, or said in a higher layer, makes other things idle: a command line that works
without a mcuzoo.toml works with one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.configured import taken, write

from mcuzoo.timing.rates import Rates, rates_text

RIG = """
board = "rt1170"
model = "signs"
project = "hello"
rig = "rig.toml"
filter = ["board=rt1170"]
"""


def test_a_port_that_is_typed_is_instead_of_the_rig() -> None:
    write(RIG)
    found = taken("run-serial")
    assert (found["rig"], found["filter"]) == (Path("rig.toml"), ("board=rt1170",))
    found = taken("run-serial", "--port", "/dev/x")
    assert (found["rig"], found["filter"], found["port"]) == (None, (), ("/dev/x",))
    assert found["project"] == Path("hello")
    found = taken("flash", "--port", "/dev/x")
    assert (found["rig"], found["filter"], found["project"]) == (None, (), Path("hello"))
    assert taken("flash", "--probe", "7")["rig"] is None


def test_a_rig_or_farm_that_is_typed_is_instead_of_the_port() -> None:
    write('port = "/dev/x"\nfilter = ["tag=fast"]\n')
    assert taken("run-serial")["filter"] == ()  # it chooses boards of a rig
    found = taken("run-serial", "--rig", "r.toml")
    assert (found["port"], found["filter"]) == (None, ("tag=fast",))
    found = taken("run-serial", "--rig", "r.toml", "--filter", "tag=slow")
    assert found["filter"] == ("tag=slow",)
    assert taken("run-serial", "--labgrid", "host")["port"] is None


def test_a_variable_is_instead_of_what_the_file_says(monkeypatch: pytest.MonkeyPatch) -> None:
    write(RIG)
    monkeypatch.setenv("MCUZOO_PORT", "/dev/y")
    found = taken("run-serial")
    assert (found["rig"], found["port"]) == (None, ("/dev/y",))
    monkeypatch.setenv("MCUZOO_RIG", "other.toml")
    monkeypatch.delenv("MCUZOO_PORT")
    assert taken("run-serial")["rig"] == Path("other.toml")


def test_an_emulated_port_has_its_own_project() -> None:
    write('project = "hello"\nport = "/dev/x"\n')
    found = taken("run-serial", "--port", "emulator://other")
    assert (found["project"], found["port"]) == (None, ("emulator://other",))
    assert taken("run-serial", "--port", "emulator://")["port"] == ("emulator://hello",)
    found = taken("run-serial", "--port", "emulator://?faults=flip=0.1")
    assert found["port"] == ("emulator://hello?faults=flip=0.1",)
    write('project = "hello"\nport = "emulator://hello"\n')
    assert taken("run-serial", "--project", "other")["port"] is None
    assert taken("run-serial")["port"] == ("emulator://hello",)
    write('port = "emulator://"\n')
    assert taken("run-serial", "--project", "other")["port"] == ("emulator://other",)


def test_a_resumed_run_keeps_its_own_settings() -> None:
    write(RIG + 'images = "photos"\nlabels = "l"\n[run-serial]\nlimit = 3\njunit = "j.xml"\n')
    found = taken("run-serial", "--resume", "runs/x")
    for name in ("rig", "project", "images", "labels", "limit"):
        assert not found[name], name
    assert found["junit"] == Path("j.xml")
    assert taken("run-serial", "--resume", "runs/x", "--limit", "9")["limit"] == 9


def test_a_recipe_that_is_typed_is_taken_whole() -> None:
    write('recipe = "tf"\n[evaluate]\nscale = 0.5\nmean = "1,2,3"\ncolor = "bgr"\n')
    words = ("evaluate", "m", "--data", "d")
    found = taken(*words)
    assert (found["recipe"], found["scale"], found["color"]) == ("tf", "0.5", "bgr")
    found = taken(*words, "--recipe", "torch")
    assert (found["recipe"], found["scale"], found["mean"], found["color"]) == (
        ("torch", None, None, None)
    )
    found = taken(*words, "--normalize", "caffe")
    assert (found["recipe"], found["scale"], found["color"]) == ("tf", None, "bgr")
    write('[evaluate]\nnormalize = "tf"\n')
    assert taken(*words, "--mean", "3")["normalize"] is None


def test_a_universal_firmware_has_no_model_of_the_file() -> None:
    write(RIG + '[export]\nruntime = "aot"\nproject = "mcuxpresso"\n')
    found = taken("export", "--universal")
    assert (found["models"], found["output"], found["runtime"], found["project"]) == (
        (None, None, None, None)
    )
    assert found["board"] == "rt1170"
    assert taken("fit", "--universal")["models"] is None


def test_fit_takes_what_its_kind_of_board_has() -> None:
    write('[fit]\nruntime = "aot"\nweights = "ram"\nmax_cpu_ops = 0\nmax_arena_bytes = 5\n')
    mcu = taken("fit", "signs", "--board", "rt1050")
    assert (mcu["runtime"], mcu["weights"], mcu["max_cpu_ops"]) == ("aot", "ram", None)
    linux = taken("fit", "signs", "--board", "imx93")
    assert (linux["runtime"], linux["weights"], linux["max_cpu_ops"]) == (None, "auto", 0)
    assert mcu["max_arena_bytes"] == linux["max_arena_bytes"] == 5
    assert taken("fit", "signs", "--board", "imx93", "--runtime", "tflm")["runtime"] == "tflm"


def test_measuring_takes_what_planning_does_not() -> None:
    write('tflm = "tree"\n[fit]\noutput = "measured"\nbaud = 9600\n')
    words = ("fit", "signs", "--board", "rt1050")
    found = taken(*words)
    assert (found["tflm"], found["output"], found["baud"]) == (None, None, None)
    found = taken(*words, "--measure")
    assert (found["tflm"], found["output"], found["baud"]) == (
        (Path("tree"), Path("measured"), 9600)
    )
    assert taken(*words, "--measure", "--runtime", "aot")["tflm"] is None
    assert taken("export", "signs", "-b", "rt1050")["tflm"] == Path("tree")
    assert taken("export", "signs", "-b", "rt1050", "--runtime", "aot")["tflm"] is None


def test_the_sdk_is_for_projects_that_are_built_in_it() -> None:
    write('project = "hello"\nsdk = "mcuxsdk"\n')
    Path("hello").mkdir()
    manifest = Path("hello", "mcuzoo.json")
    kinds: list[tuple[Any, Path | None]] = [
        ({"project": "cmake"}, None),
        ({"project": "mcuxpresso"}, Path("mcuxsdk")),
        ([], None),
    ]
    for content, wanted in kinds:
        manifest.write_text(json.dumps(content), encoding="utf-8")
        assert taken("build")["sdk"] == wanted
    manifest.write_text("{", encoding="utf-8")
    assert taken("build")["sdk"] is None
    assert taken("doctor")["sdk"] == Path("mcuxsdk")


def test_a_profile_is_of_the_port_or_of_the_emulated_project() -> None:
    write('project = "hello"\n')
    assert taken("profile")["target"] == "hello"
    write('project = "hello"\nport = "/dev/x"\nbaud = 9600\n')
    found = taken("profile")
    assert (found["target"], found["project"], found["baud"]) == ("/dev/x", Path("hello"), 9600)
    assert taken("profile", "/dev/y")["project"] == Path("hello")
    assert taken("profile", "emulator://other")["project"] is None
    other = Path("other")
    other.mkdir()
    (other / "mcuzoo.json").touch()
    assert taken("profile", "other")["project"] is None
    for port in ("auto", "emulator://"):
        write(f'project = "hello"\nport = "{port}"\n')
        assert taken("profile")["target"] == "hello"


def test_the_rig_of_mcuzoo_rig() -> None:
    write(RIG)
    found = taken("rig", "check")
    assert (found["file"], found["filter"]) == (Path("rig.toml"), ("board=rt1170",))
    found = taken("rig", "scan")
    assert (found["file"], found["filter"]) == (Path("rig.toml"), ())
    found = taken("rig", "scan", "-o", "new.toml")
    assert (found["file"], found["out"]) == (None, Path("new.toml"))
    assert taken("rig", "check", "own.toml")["file"] == Path("own.toml")


def test_several_ports_are_nothing_for_one_board() -> None:
    write('port = ["/dev/x", "/dev/y"]\nproject = "hello"\n')
    assert taken("run-serial")["port"] == ("/dev/x", "/dev/y")
    assert taken("flash")["port"] is None
    assert taken("profile")["target"] == "hello"
    write('port = "all"\n')
    assert taken("flash", "hello")["port"] is None


def test_measured_rates_are_for_their_own_board() -> None:
    rates = Rates(
        rates=1,
        board="rt1050",
        date="2026-11-29",
        emulated=True,
        build_id="ab" * 16,
        mcuzoo="1.0",
        toolchain="gcc",
        core_clock_hz=600_000_000,
        line_bytes=32,
        regions={},
    )
    Path("rates.toml").write_text(rates_text(rates), encoding="utf-8")
    write('model = "signs"\nrates = "rates.toml"\n')
    for command in ("fit", "export", "try"):
        assert taken(command, "signs", "--board", "rt1050")["rates"] == Path("rates.toml")
        assert taken(command, "signs", "--board", "rt1060")["rates"] is None
        assert taken(command, "signs", "--board", "imx93")["rates"] is None
    assert taken("try", "signs")["rates"] is None  # of an rt1170
    assert taken("profile", "hello")["rates"] is None
    assert taken("profile", "hello", "--cycles")["rates"] == Path("rates.toml")
