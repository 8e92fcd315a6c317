"""What Windows lacks is used only where it must be, and files of text say how they are written."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import mypy
import pytest
from helpers.package_source import modules, parsed, shown

STUBS = Path(mypy.__file__).parent / "typeshed" / "stdlib"

NEEDED = {
    "cli/terminal.py": "a terminal is asked through termios; on Windows it is not asked",
    "cli/emulate.py": "SIGHUP presses the reset button where there is one",
    "config/find.py": "whose a file is; on Windows every one is the user's",
    "emulator/bell.py": "the processor time of another thread, asked on Linux alone",
    "emulator/memory.py": "copies on write of one block, on Linux alone",
    "emulator/pty_console.py": "a pseudo-terminal, which is refused on Windows",
    "files.py": "keeps a file's owner; /dev/fd/N and its like name an open file",
    "flash/usb.py": "Linux lists USB devices; elsewhere serial ports and the tools do",
    "link/holders.py": "/proc, asked on Linux alone",
    "link/ports.py": "Linux lists UARTs that are not there",
    "link/transport.py": "the example in hints; termios.error is no OSError",
    "locking.py": "fcntl; msvcrt on Windows",
    "processes.py": "a session of its own; a process group on Windows",
    "run/runner.py": "SIGHUP interrupts a run where there is one",
    "quantize/worker.py": "the peak of memory, which Windows does not tell",
}
"""Files of the package, and what for; all has a counterpart on Windows or is refused in words."""

FOREIGN_PATHS = ("/dev/", "/proc", "/sys/", "/tmp", "/etc/", "/usr/", "/bin/", "/var/")
POSIX_ARGUMENTS = {
    "start_new_session", "preexec_fn", "process_group", "pass_fds", "user", "group", "umask",
}  # fmt: skip
# They exist there, and do something else: os.kill ends the process whatever the signal.
OTHERWISE = {("os", "kill")}


def stub(module: str) -> str:
    path = STUBS / module / "__init__.pyi"
    return (path if path.is_file() else STUBS / f"{module}.pyi").read_text("utf-8")


@cache
def stub_names(module: str, platform: str) -> set[str]:
    """The public names that typeshed gives the module on that platform, imports aside."""
    tree = ast.parse(stub(module))
    there = {"sys": SimpleNamespace(platform=platform, version_info=sys.version_info)}
    found: set[str] = set()

    def walk(body: list[ast.stmt]) -> None:
        for node in body:
            if isinstance(node, ast.If):
                test = compile(ast.Expression(node.test), module, "eval")
                walk(node.body if eval(test, dict(there)) else node.orelse)
            elif isinstance(node, ast.FunctionDef | ast.ClassDef):
                found.add(node.name)
            elif isinstance(node, ast.AnnAssign | ast.Assign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                found.update(target.id for target in targets if isinstance(target, ast.Name))
            elif isinstance(node, ast.ImportFrom):
                found.update(alias.asname for alias in node.names if alias.asname)

    walk(tree.body)
    return {name for name in found if not name.startswith("_")}


@cache
def attributes() -> dict[str, set[str]]:
    """By module, what Windows lacks of it."""
    modules = ("os", "signal", "socket", "select", "time", "asyncio", "mmap")
    return {one: stub_names(one, "linux") - stub_names(one, "win32") for one in modules}


@cache
def foreign_modules() -> set[str]:
    """Those of which Windows has nothing."""
    return {
        module
        for path in STUBS.glob("*.pyi")
        for module in [path.stem]
        if not module.startswith("_")
        and "platform" in stub(module)
        and stub_names(module, "linux") - stub_names(module, "win32")
        and not stub_names(module, "win32") - {"error"}
    }


def findings(tree: ast.Module) -> Iterator[str]:
    """What of POSIX alone is in a file, each as words and a line."""
    talk = {
        node.body[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names if alias.name in foreign_modules()]
        elif isinstance(node, ast.ImportFrom):
            module = str(node.module)
            foreign = attributes().get(module, set())
            found = [module] if module in foreign_modules() else []
            found += [f"{module}.{one.name}" for one in node.names if one.name in foreign]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            pair = node.value.id, node.attr
            posix = node.attr in attributes().get(node.value.id, set()) or pair in OTHERWISE
            found = [".".join(pair)] if posix else []
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in talk:
            text = node.value
            signal = text in attributes()["signal"]
            found = [repr(text)] if signal or text.startswith(FOREIGN_PATHS) else []
        elif isinstance(node, ast.Constant | ast.Call | ast.Dict):
            keys: list[object] = []
            if isinstance(node, ast.Call):
                keys = [keyword.arg for keyword in node.keywords]
            elif isinstance(node, ast.Dict):
                keys = [key.value for key in node.keys if isinstance(key, ast.Constant)]
            found = [str(key) for key in keys if key in POSIX_ARGUMENTS]
            if found and isinstance(node, ast.Call) and "Popen" not in ast.unparse(node):
                found = []
        else:
            continue
        yield from (f"{node.lineno}: {one}" for one in found)


def text_without_encoding(tree: ast.Module) -> Iterator[str]:
    """Calls whose text would be in the code page of the machine: cp1252 on most of Windows."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
        given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
        if "encoding" in given:
            continue
        words = [ast.unparse(argument) for argument in node.args] + [given.get("mode", "")]
        modes = [word[1:-1] for word in words if re.fullmatch(r"'[rwax][bt+]*'", word)]
        on_path = isinstance(node.func, ast.Attribute)
        if called in ("read_text", "write_text") and on_path:
            # The encoding may come first where a text is read.
            bad = called == "write_text" or not node.args
        elif called == "fdopen" or (called == "open" and (modes or not on_path)):
            bad = not any("b" in mode for mode in modes)
        else:
            bad = given.get("text") == "True"
        if bad:
            yield f"{node.lineno}: {called}"


@pytest.mark.slow
def test_what_windows_lacks_is_in_few_files() -> None:
    assert {"fcntl", "termios", "tty", "pty", "resource", "pwd", "grp"} <= foreign_modules()
    assert {"fork", "chown", "getuid", "mkfifo", "openpty", "sync"} <= attributes()["os"]
    assert {"SIGKILL", "SIGUSR1", "pause", "setitimer"} <= attributes()["signal"]
    assert "AF_UNIX" in attributes()["socket"] and "poll" in attributes()["select"]
    found = {shown(path): [*findings(parsed(path))] for path in modules()}
    found = {name: lines for name, lines in found.items() if lines}
    assert {name: lines for name, lines in found.items() if name not in NEEDED} == {}
    assert NEEDED.keys() - found.keys() == set(), "they have no more of it"


@pytest.mark.slow
def test_text_has_an_encoding() -> None:
    found = {shown(path): [*text_without_encoding(parsed(path))] for path in modules()}
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("import fcntl", "fcntl"),
        ("from pty import openpty", "pty"),
        ("from os import fork", "os.fork"),
        ("import os\nos.sync()", "os.sync"),
        ("import os\nos.kill(1, 2)", "os.kill"),
        ("import signal\nsignal.SIGUSR1", "signal.SIGUSR1"),
        ("import signal\ngetattr(signal, 'SIGHUP')", "'SIGHUP'"),
        ("import select\nselect.poll()", "select.poll"),
        ("open('/dev/null', 'rb')", "'/dev/null'"),
        ("Popen(command, start_new_session=True)", "start_new_session"),
        ("{'preexec_fn': None}", "preexec_fn"),
    ],
)
def test_each_kind_is_found(source: str, words: str) -> None:
    assert [found.partition(": ")[2] for found in findings(ast.parse(source))] == [words]


@pytest.mark.parametrize(
    "source", ["open('x'%s)", "path.open('w'%s)", "os.fdopen(3, 'w'%s)", "path.write_text('x'%s)",
               "run(command, text=True%s)"],
)  # fmt: skip
def test_text_in_a_code_page_is_found(source: str) -> None:
    assert [*text_without_encoding(ast.parse(source % ""))]
    assert not [*text_without_encoding(ast.parse(source % ", encoding='utf-8'"))]
