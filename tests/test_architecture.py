"""Imports run one way, from cli down to errors, and the core stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "mcuzoo"

FLOORS = (
    {"errors", "quoting", "resources", "__init__"},
    {"files", "locking", "tables", "untrusted"},
    {"board", "extras", "graph", "project"},
    {"emulator", "lowering"},
    {"ops"},
    {"engines", "zoo"},
    {"data"},
    {"plan"},
    {"codegen", "link"},
    {"profile"},
    {"toolchain", "run"},
    {"compare", "measure"},
    {"report", "evaluate"},
    {"demo", "quantize"},
    {"cli"},
    {"__main__"},
)
FLOOR_OF = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}

HEAVY = {
    "tensorflow",
    "keras",
    "cv2",
    "PIL",
    "unicorn",
    "ziglang",
    "ai_edge_litert",
    "tflite_micro",
}


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if "_resources" not in path.parts)


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_modules(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= names if node.module == "mcuzoo" else {str(node.module)}
    return found


def shown(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def test_imports_run_downwards() -> None:
    homeless = {room(path) for path in modules()} - FLOOR_OF.keys()
    assert not homeless, "rooms without a floor"
    upwards = [
        f"{shown(path)} imports {name}"
        for path in modules()
        for name in sorted(imported_modules(path))
        if name.startswith("mcuzoo.") and name != "mcuzoo.__version__"
        for other in [name.split(".")[1]]
        if other != room(path) and FLOOR_OF[other] >= FLOOR_OF[room(path)]
    ]
    assert not upwards


def test_modules_stay_small() -> None:
    sizes = {shown(path): len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}
    assert len(sizes) > 300
    assert not {name: size for name, size in sizes.items() if size > 420}


def test_heavy_packages_are_imported_where_used() -> None:
    found = []
    for path in modules():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            names: set[str] = set()
            if isinstance(node, ast.Import):
                names = {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = {node.module}
            if {name.split(".")[0] for name in names} & HEAVY:
                found.append(f"{shown(path)}:{node.lineno}")
    assert not found


def loaded_by(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint(*sorted(sys.modules))"
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in done.stdout.splitlines()[-1].split()}


def test_help_loads_nothing_heavy() -> None:
    code = (
        "from typer.testing import CliRunner\nfrom mcuzoo.cli.main import app\n"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0"
    )
    assert not loaded_by(code) & (HEAVY | {"numpy", "pydantic", "jinja2", "serial", "sqlite3"})


@pytest.mark.parametrize("command", ["convert", "export", "run-serial"])
def test_command_help_loads_no_tensorflow(command: str) -> None:
    code = (
        "from typer.testing import CliRunner\nfrom mcuzoo.cli.main import app\n"
        f"assert CliRunner().invoke(app, [{command!r}, '--help']).exit_code == 0"
    )
    assert not loaded_by(code) & HEAVY
