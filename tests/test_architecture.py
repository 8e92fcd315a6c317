"""Imports run one way, from cli down to errors, and the core stays light."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from helpers.package_source import PACKAGE, modules, parsed, shown

from mcuzoo.cli.commands import COMMANDS

FLOORS = (
    # _version: written by a build.
    {"_version", "quoting"},
    {"errors", "options", "prose", "resources"},
    {"budgets", "files", "locking", "processes", "tables", "untrusted"},
    {"board", "extras", "faults", "graph", "project"},
    {"farm", "lowering", "timing"},
    {"emulator", "ops"},
    {"engines", "zoo"},
    {"data", "npu"},
    {"plan"},
    {"codegen", "link"},
    {"profile", "rig"},
    {"toolchain", "run"},
    {"compare", "config", "doctor_data", "evaluate", "flash", "measure", "sbom", "verify", "watch"},
    {"doctor", "history", "quantize", "tryout"},
    {"report"},
    {"cli", "pytest_plugin"},
    {"__init__", "__main__"},
)
FLOOR_OF = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}

HEAVY = {
    "tensorflow",
    "keras",
    "cv2",
    "PIL",
    "matplotlib",
    "unicorn",
    "capstone",
    "ziglang",
    "ai_edge_litert",
    "tflite_micro",
    "onnx",
    "onnx2tf",
    "onnxruntime",
    "pyocd",
    "spsdk",
    "labgrid",
    "grpc",
}


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_modules(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= names if node.module == "mcuzoo" else {str(node.module)}
    return found


def test_imports_run_downwards() -> None:
    homeless = {room(path) for path in modules()} - FLOOR_OF.keys()
    assert not homeless, "rooms without a floor"
    upwards = [
        f"{shown(path)} imports {name}"
        for path in modules()
        for name in sorted(imported_modules(path))
        if name.startswith("mcuzoo.") and name not in ("mcuzoo.__commit__", "mcuzoo.__version__")
        for other in [name.split(".")[1]]
        if other != room(path) and FLOOR_OF[other] >= FLOOR_OF[room(path)]
    ]
    assert not upwards


def test_modules_stay_small() -> None:
    sizes = {shown(path): len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}
    assert len(sizes) > 200
    assert not {name: size for name, size in sizes.items() if size > 420}


MAX_PARAMETERS = 7
"""Of a function, self aside. What takes more takes an object; a command's options come from one."""


def test_functions_take_few_arguments() -> None:
    found = [
        f"{shown(path)}: {node.name} takes {len(names)}"
        for path in modules()
        for node in ast.walk(parsed(path))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        for names in [_parameters(node.args)]
        if len(names) > MAX_PARAMETERS
    ]
    assert not found


def _parameters(arguments: ast.arguments) -> list[str]:
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return [one.arg for one in named if one.arg not in ("self", "cls")]


MEANINGLESS_FIELDS = 102
"""Fields of dataclasses without a word on what they mean; most of them say it by name and type. It
only falls."""


def test_meanings_stand_beside_fields() -> None:
    """In the docstring of the class or the module, in a comment, in a string, or in an Option."""
    told = {alias for path in modules() for alias in _option_types(parsed(path))}
    found = [
        f"{shown(path)}: {name}"
        for path in modules()
        for name in _meaningless(path.read_text(encoding="utf-8").splitlines(), parsed(path), told)
    ]
    assert len(found) <= MEANINGLESS_FIELDS, "\n".join(found)


def _option_types(tree: ast.Module) -> Iterator[str]:
    """Names of types that an Option explains."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and "Option(" in ast.unparse(node.value):
            yield from (one.id for one in node.targets if isinstance(one, ast.Name))


def _meaningless(lines: Sequence[str], tree: ast.Module, told: set[str]) -> Iterator[str]:
    module = " ".join(re.findall("`(.+?)`", ast.get_docstring(tree) or ""))
    for kind in tree.body:
        if not isinstance(kind, ast.ClassDef) or not any(
            "dataclass" in ast.unparse(one) for one in kind.decorator_list
        ):
            continue
        words = set(re.findall(r"\w+", f"{ast.get_docstring(kind) or ''} {module}"))
        for field, behind in zip(kind.body, (*kind.body[1:], None), strict=True):
            if not isinstance(field, ast.AnnAssign) or not isinstance(field.target, ast.Name):
                continue
            written = ast.unparse(field.annotation)
            beside = lines[field.lineno - 2 : field.end_lineno]
            if not (
                field.target.id in words
                or "Annotated" in written
                or "ClassVar" in written
                or written in told
                or any("#" in line for line in beside)
                or (isinstance(behind, ast.Expr) and isinstance(behind.value, ast.Constant))
            ):
                yield f"{kind.name}.{field.target.id}"


def test_heavy_packages_are_imported_where_used() -> None:
    found = []
    for path in modules():
        for node in parsed(path).body:
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
    code = "from mcuzoo.cli.program import run_command\nassert run_command(['--help']) == 0"
    light = {"numpy", "pydantic", "jinja2", "serial", "sqlite3", "rich", "dataclasses"}
    assert not loaded_by(code) & (HEAVY | light)


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_command_help_loads_nothing_heavy(command: str) -> None:
    code = f"from mcuzoo.cli.program import run_command\nrun_command([{command!r}, '--help'])"
    assert not loaded_by(code) & (HEAVY | {"numpy", "pydantic", "jinja2", "serial", "rich"})
