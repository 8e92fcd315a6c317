"""A Python of AArch64 with numpy and ai-edge-litert for this machine, emulated by qemu-user: what a
board with Linux has, as far as the instructions go. It is an emulator: its times mean nothing.

    MCUZOO_ARM64_PYTHON=$(python tools/linux_arm64.py build/arm64) pytest tests/link -m "" -k arm64

Debian's packages (qemu-user 10, Python) come by apt-get with a configuration of its own in that
folder, so nothing is installed; the wheels come by pip. It needs apt-get, dpkg-deb and Debian's
keys.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

SUITE = "trixie"
PYTHON = "3.13"
EMULATOR = "qemu-user:amd64"
PACKAGES = (
    f"python{PYTHON}-minimal",
    f"libpython{PYTHON}-minimal",
    f"libpython{PYTHON}-stdlib",
    "libc6",
    "libstdc++6",
    "libgcc-s1",
    "zlib1g",
    "libssl3t64",
    "libffi8",
    "libexpat1",
    "liblzma5",
    "libbz2-1.0",
)
WHEELS = ("numpy", "ai-edge-litert")
PLATFORMS = ("manylinux2014_aarch64", "manylinux_2_27_aarch64", "manylinux_2_28_aarch64")
CORE = "cortex-a55"
KEYS = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def prepare(folder: Path) -> Path:
    """The program that stands for python3; it is made once. Raises CalledProcessError, OSError."""
    program = folder / "python3"
    if program.exists():
        return program
    _fetch_debian(folder)
    _fetch_wheels(folder)
    root, site = folder / "root", folder / "site"
    if not (root / "lib").exists():
        (root / "lib").symlink_to("usr/lib")
    program.write_text(
        f"#!/bin/sh\nPYTHONPATH='{site}' exec '{folder}/emulator/usr/bin/qemu-aarch64' "
        f"-cpu {CORE} -L '{root}' '{root}/usr/bin/python{PYTHON}' \"$@\"\n",
        encoding="utf-8",
    )
    program.chmod(0o755)
    return program


def _fetch_debian(folder: Path) -> None:
    apt, packages = folder / "apt", folder / "packages"
    for part in ("state/lists/partial", "cache/archives/partial"):
        (apt / part).mkdir(parents=True, exist_ok=True)
    packages.mkdir(exist_ok=True)
    (apt / "state" / "status").touch()
    (apt / "sources.list").write_text(
        f"deb [signed-by={KEYS}] http://deb.debian.org/debian {SUITE} main\n", encoding="utf-8"
    )
    config = apt / "apt.conf"
    config.write_text(
        'APT::Architecture "arm64";\nAPT::Architectures { "arm64"; "amd64"; };\n'
        f'Dir::State "{apt}/state";\nDir::State::status "{apt}/state/status";\n'
        f'Dir::Cache "{apt}/cache";\nDir::Etc::sourcelist "{apt}/sources.list";\n'
        'Dir::Etc::sourceparts "/dev/null";\n',
        encoding="utf-8",
    )
    _run("apt-get", "-q", "-c", str(config), "update")
    _run("apt-get", "-q", "-c", str(config), "download", EMULATOR, *PACKAGES, folder=packages)
    for package in sorted(packages.glob("*.deb")):
        place = "root" if package.stem.endswith("_arm64") else "emulator"
        _run("dpkg-deb", "-x", str(package), str(folder / place))


def _fetch_wheels(folder: Path) -> None:
    wheels = folder / "wheels"
    platforms = [word for platform in PLATFORMS for word in ("--platform", platform)]
    _run(
        *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"),
        *("--only-binary", ":all:", "--python-version", PYTHON, *platforms),
        *("--dest", str(wheels), *WHEELS),
    )
    for wheel in sorted(wheels.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder / "site")


def _run(*words: str, folder: Path | None = None) -> None:
    subprocess.run(words, cwd=folder, check=True, stdout=sys.stderr)


def main() -> int:
    if len(sys.argv) != 2:
        print(f"usage: {sys.argv[0]} FOLDER", file=sys.stderr)
        return 2
    folder = Path(sys.argv[1]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        print(prepare(folder))
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"no Python of AArch64 here: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
