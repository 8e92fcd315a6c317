"""What mcuzoo.toml and the environment say, in which order it counts, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from helpers.commands import invoke
from helpers.configured import refused, taken, write

import mcuzoo
from mcuzoo.budgets import BudgetOptions
from mcuzoo.cli.commands import COMMANDS, command_of
from mcuzoo.config.keys import BESIDES, NAMES_OR_FILES, ONLY_TYPED, TAKEN_BY, WRITTEN
from mcuzoo.config.source import (
    budget_parameters,
    has_key,
    key_of,
    shared_parameters,
    variable_of,
)
from mcuzoo.errors import InputError, UsageError
from mcuzoo.options import FromEnvironment

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = "MCUZOO_CHROMIUM"
RESERVED = {
    f"MCUZOO_{name}"
    for name in ("CONFIG", "PORTS", "DATA", "MODELS", "GCC", "ZIG", "VELA", "FLASHLOADER")
} | {CHROMIUM}
"""Variables that mean something else."""


ALL_KEYS = """
model = "signs"
board = "rt1050"
project = "hello"
images = "photos"
labels = "names.txt"
recipe = "recipe.toml"
port = "emulator://"
baud = 9600
tflm = "tree"

[export]
runtime = "aot"
weights = "flash"

[budgets]
min_top1 = 0.5
"""


def test_bare_commands_take_what_is_configured() -> None:
    write(ALL_KEYS)
    export = taken("export")
    assert (export["models"], export["board"], export["runtime"]) == (("signs",), "rt1050", "aot")
    assert (export["output"], export["recipe"]) == (Path("hello"), "recipe.toml")
    assert export["tflm"] is None  # aot takes none
    assert export["baud"] is None  # of a port, not of the firmware's console
    assert taken("build")["project"] == Path("hello")
    run = taken("run-serial")
    assert (run["port"], run["project"]) == (("emulator://hello",), Path("hello"))
    assert (run["images"], run["labels"]) == (Path("photos"), Path("names.txt"))
    assert (run["baud"], run["min_top1"]) == (9600, 0.5)
    evaluate = taken("evaluate")
    assert (evaluate["model"], evaluate["data"]) == ("signs", Path("photos"))
    assert evaluate["min_top1"] == 0.5
    fit = taken("fit")
    assert (fit["models"], fit["runtime"], fit["weights"]) == (("signs",), "aot", "flash")
    assert (fit["project"], fit["tflm"], fit["output"]) == (None, None, None)
    assert taken("profile")["target"] == "hello"
    assert taken("emulate")["image"] == Path("hello")
    assert taken("flash")["port"] is None  # an emulated board has no flash
    assert taken("report")["min_top1"] is None  # the run was judged already


def test_what_is_typed_counts_more_than_a_variable_and_that_more_than_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert taken("export", "--board", "rt1170")["weights"] == "auto"
    write('board = "rt1050"\n[export]\nweights = "flash"\n')
    assert taken("export")["board"] == "rt1050"
    monkeypatch.setenv("MCUZOO_BOARD", "rt1060")
    monkeypatch.setenv("MCUZOO_EXPORT_WEIGHTS", "ram")
    found = taken("export")
    assert (found["board"], found["weights"]) == ("rt1060", "ram")
    found = taken("export", "--board", "rt1170", "--weights", "auto")
    assert (found["board"], found["weights"]) == ("rt1170", "auto")
    monkeypatch.setenv("MCUZOO_BOARD", "")
    assert taken("export")["board"] == "rt1050"


def test_the_table_of_a_command_counts_more_than_what_is_said_for_all() -> None:
    write(
        'labels = "all.txt"\n[evaluate]\nlabels = "own.txt"\nmin_top1 = 0.9\n'
        '[budgets]\nmin_top1 = 0.1\n[fit]\nruntime = "tflm"\n[export]\nruntime = "aot"\n'
    )
    found = taken("evaluate", "signs", "--data", "x")
    assert (found["labels"], found["min_top1"]) == (Path("own.txt"), 0.9)
    assert taken("fit", "signs", "--board", "rt1050")["runtime"] == "tflm"


def test_variables_have_the_type_of_their_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MCUZOO_BUDGETS_MIN_TOP1", "0.25")
    monkeypatch.setenv("MCUZOO_RUN_SERIAL_LIMIT", "7")
    monkeypatch.setenv("MCUZOO_RUN_SERIAL_STRICT", "yes")
    monkeypatch.setenv("MCUZOO_FILTER", '["board=rt1170", "tag=a b"]')
    monkeypatch.setenv("MCUZOO_RIG", "my rig.toml")
    found = taken("run-serial")
    assert (found["min_top1"], found["limit"], found["strict"]) == (0.25, 7, True)
    assert (found["rig"], found["filter"]) == (Path("my rig.toml"), ("board=rt1170", "tag=a b"))
    monkeypatch.setenv("MCUZOO_FILTER", "board=rt1050")
    assert taken("run-serial")["filter"] == ("board=rt1050",)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("MCUZOO_RUN_SERIAL_LIMIT", "many", "'many' is not a whole number"),
        ("MCUZOO_RUN_SERIAL_LIMIT", "0", "is less than 1"),
        ("MCUZOO_RUN_SERIAL_STRICT", "perhaps", "'perhaps' is not 1 or 0"),
        ("MCUZOO_FILTER", "[1, ", "MCUZOO_FILTER: "),
        ("MCUZOO_RIG", "a\nb", "cannot be printed"),
    ],
)
def test_a_variable_that_cannot_be_read(
    name: str, value: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    said = refused("run-serial", "--port", "x")
    assert says in said and name in said


def test_the_variables_of_before_work_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MCUZOO_PORT", "/dev/a b")
    (port,) = taken("run-serial")["port"]
    assert port == "/dev/a b" and isinstance(port, FromEnvironment)
    assert taken("flash", "hello")["port"] == "/dev/a b"
    monkeypatch.setenv("MCUZOO_FLASHLOADER", "loader.bin")
    assert taken("flash", "hello")["flashloader"] == Path("loader.bin")
    write('[flash]\nflashloader = "other.bin"\nrunner = "jlink"\n')
    found = taken("flash", "hello")
    assert (found["flashloader"], found["runner"]) == (Path("loader.bin"), "jlink")


def test_paths_are_relative_to_the_file(configured_folder: Path) -> None:
    (configured_folder / "models").mkdir()
    (configured_folder / "local").write_bytes(b"")
    write(
        'model = "local"\nboard = "boards/my.toml"\nimages = "signs:3"\n'
        'project = "hello"\nlabels = "/etc/names"\nport = ["emulator://a?count=all", "/dev/x"]\n'
        'recipe = "tf"\n[evaluate]\noutputs = "out/o.npy"\nagainst_model = "signs"\n'
    )
    inner = configured_folder / "a" / "b"
    inner.mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(inner)
        found = taken("evaluate")
        run = taken("run-serial")
    assert (found["model"], found["board"]) == ("../../local", "../../boards/my.toml")
    assert (found["data"], found["labels"]) == (Path("signs:3"), Path("/etc/names"))
    assert found["outputs"] == Path("../../out/o.npy")
    assert (found["recipe"], found["against_model"]) == ("tf", "signs")
    assert run["port"] == ("emulator://../../a?count=all", "/dev/x")
    assert run["project"] == Path("../../hello")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("bord = 'x'", "mcuzoo.toml:1: bord: unknown key. Did you mean 'board'?"),
        ("data = 'x'", "Did you mean 'images'?"),
        ("\nboard = 5.5e3x", "not valid TOML"),
        ("board = true", "mcuzoo.toml:1: board: is not text in quotes"),
        ("baud = '9600'", "mcuzoo.toml:1: baud: is not a whole number"),
        ("baud = 0", "mcuzoo.toml:1: baud: is less than 1"),
        ("baud = true", "baud: is not a whole number"),
        ("filter = [1]\nport = [[]]", "mcuzoo.toml:2: port: is not text in quotes"),
        ('model = "a\\u0007"', "cannot be printed"),
        ("[exprot]\nx = 1", "mcuzoo.toml:1: exprot: unknown table. Did you mean 'export'?"),
        ("export = 1", "mcuzoo.toml:1: export: is a table: [export]"),
        ("[export]\nruntme = 'aot'", "export.runtme: unknown key. Did you mean 'runtime'?"),
        ("[export]\nstream_input = 'yes'", "export.stream_input: is not true or false"),
        ("[export]\nforce = true", "export.force: is only for the command line"),
        ("[export]\nmodels = 'x'", "export.models: unknown key"),
        ("[budgets]\nmin_top1 = 40", "mcuzoo.toml:2: budgets.min_top1: 40 is no rate"),
        ("[budgets]\nmax_mismatch = 4", "Did you mean 'max_mismatches'?"),
        ("budgets = 3", "budgets: is a table: [budgets]"),
        ("[init]\nboard = 'rt1050'", "mcuzoo.toml:1: init: unknown table."),
    ],
)
def test_a_mistake_is_named_with_its_line(text: str, says: str) -> None:
    write(text)
    assert says in refused("export", "signs", "--board", "rt1050")
    assert says in refused("config")


def test_all_mistakes_are_named_at_once() -> None:
    write("bord = 'a'\nbaud = 'b'\n[budgets]\nmax_line_errors = -1\n[build]\ncompilr = 'gcc'\n")
    said = refused("config")
    named = ["1: bord", "2: baud", "4: budgets.max_line_errors", "6: build.compilr"]
    assert re.findall(r"mcuzoo\.toml:(\d+: \S+): ", said) == named
    # A table is the business of its command.
    assert "build.compilr" not in refused("export")


def test_a_hostile_file_is_refused() -> None:
    for text in ("a = " + "[" * 200_000, "a" * (2 << 20), 'model = "' + "x" * 5000 + '"'):
        write(text)
        assert "mcuzoo.toml" in refused("export", "--board", "rt1050")
    Path("mcuzoo.toml").write_bytes(b"\xff\xfe")
    assert "cannot be read" in refused("export")


@pytest.mark.parametrize("place", ["/tmp/report.html", "../report.html", "out/../../x.html"])
def test_a_file_names_only_outputs_in_its_own_folder(place: str, tmp_path: Path) -> None:
    write(f"[fit]\nhtml = {place!r}\n")
    assert "does not lie in the folder of this file" in refused("fit", "signs", "-b", "rt1050")
    Path("link").symlink_to(tmp_path)
    write('[fit]\nhtml = "link/x.html"\n')
    assert "does not lie in the folder of this file" in refused("fit", "signs", "-b", "rt1050")
    write('[fit]\nhtml = "out/x.html"\n')
    assert taken("fit", "signs", "-b", "rt1050")["html"] == Path("out/x.html")


def test_help_is_there_whatever_the_file_says() -> None:
    write("[[[")
    assert invoke(["export", "--help"]).exit_code == 0
    assert "not valid TOML" in refused("boards")


def test_an_error_about_a_configured_value_says_where_it_stands() -> None:
    write('model = "signs"\nboard = "rt1999"\n')
    said = refused("fit")
    assert "Configured: board (mcuzoo.toml:2). mcuzoo config fit shows all." in said
    assert "Configured" not in refused("fit", "--board", "rt1998")


def test_every_shared_key_is_taken_by_what_its_commands_have() -> None:
    assert TAKEN_BY.keys() == shared_parameters().keys()
    for key, takers in TAKEN_BY.items():
        for command, name in takers.items():
            assert name in {one.name for one in command_of(command).parameters}, (key, command)


def test_the_page_has_every_key() -> None:
    page = (ROOT / "docs" / "config.md").read_text(encoding="utf-8")
    flags = [
        one.shown
        for name in COMMANDS
        for one in command_of(name).parameters
        if one.name in ONLY_TYPED and not one.is_argument
    ]
    words = [*shared_parameters(), *budget_parameters(), *flags, *sorted(RESERVED - {CHROMIUM})]
    assert not [word for word in words if f"`{word}`" not in page]


def test_lists_of_parameters_name_some() -> None:
    known = {one.name for name in COMMANDS for one in command_of(name).parameters}
    named = ONLY_TYPED | WRITTEN | NAMES_OR_FILES | BESIDES["fit"][1]
    assert named <= known
    for name in ("fit", "export"):
        assert BESIDES["fit"][1] <= {one.name for one in command_of(name).parameters}


READ = {
    *("against", "calibration", "data", "flashloader", "folder", "image", "images", "labels"),
    *("lg_env", "profile", "project", "project_a", "project_b", "resume", "rig", "sdk", "tensor"),
    *("tflm", "vela", "vela_program"),
}
"""Options that name what is read."""


def test_every_path_is_known_as_one_that_is_read_or_written() -> None:
    """One that is written and not in WRITTEN would let a file of anybody's write anywhere."""
    paths = {
        one.name
        for name in COMMANDS
        for one in command_of(name).parameters
        if one.kind is Path and not one.is_argument
    }
    assert paths == READ | WRITTEN
    assert not READ & WRITTEN


def test_no_two_keys_have_one_variable() -> None:
    seen = {variable_of(key): key for key in shared_parameters()}
    for command in COMMANDS:
        for one in command_of(command).parameters:
            if has_key(one):
                name = variable_of(command, key_of(one))
                assert name not in RESERVED and name not in seen
                seen[name] = f"{command}.{one.name}"
    assert not RESERVED & seen.keys()


def test_programs_get_it_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    write(ALL_KEYS)
    config = mcuzoo.load_config()
    assert (config.model, config.board, config.project) == ("signs", "rt1050", Path("hello"))
    assert config.budgets == BudgetOptions(min_top1=0.5)
    assert config.path == Path.cwd() / "mcuzoo.toml"
    export = config.options(mcuzoo.ExportOptions, project="cmake")
    assert (export.runtime, export.project, export.output) == ("aot", "cmake", Path("hello"))
    run = config.options(mcuzoo.RunOptions, limit=3)
    assert (run.port, run.limit, run.min_top1) == (("emulator://hello",), 3, 0.5)
    assert config.options(mcuzoo.RunOptions, rig=Path("r")).port is None
    assert config.options(mcuzoo.DoctorDataOptions).labels == Path("names.txt")
    assert config.options(mcuzoo.MeasureOptions).runtime == "aot"
    monkeypatch.setenv("MCUZOO_BOARD", "rt1170")
    assert mcuzoo.load_config().board == "rt1170"
    assert mcuzoo.load_config(environment={}).board == "rt1050"


def test_programs_name_a_file(tmp_path: Path) -> None:
    assert mcuzoo.load_config().path is None
    path = tmp_path / "other.toml"
    write('model = "a/b.tflite"\n', path)
    assert mcuzoo.load_config(path).model == str(tmp_path / "a/b.tflite")
    with pytest.raises(InputError, match="no such file"):
        mcuzoo.load_config(tmp_path / "none.toml")
    with pytest.raises(UsageError, match="MCUZOO_BAUD"):
        mcuzoo.load_config(path, environment={"MCUZOO_BAUD": "x"})
    write("[budgets]\nmin_top1 = 2\n", path)
    with pytest.raises(InputError, match=r"other\.toml:2: budgets\.min_top1"):
        mcuzoo.load_config(path)
