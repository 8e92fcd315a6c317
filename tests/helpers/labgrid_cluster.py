"""A labgrid coordinator and exporters on loopback, as processes that can be killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from helpers.ser2net_stand_in import install

PATIENCE_S = 60.0

NEEDS_LABGRID = [
    pytest.mark.full,
    pytest.mark.skipif(
        find_spec("labgrid") is None and os.environ.get("MCUZOO_REQUIRE_FARM") != "1",
        reason="labgrid is not installed; make farm has it",
    ),
]
"""The marks of a test that starts a cluster."""


def wait_until(holds: Callable[[], object], what: str) -> None:
    """Wait for something that another process does; fail if it never comes."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


class Program:
    """A program of labgrid's in a process group of its own, and what it has written."""

    def __init__(self, words: list[str], ready: str, cwd: Path, env: Mapping[str, str]) -> None:
        self._log: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-m", *words],
            cwd=cwd, env=dict(env), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
            start_new_session=True,
        )  # fmt: skip
        threading.Thread(target=self._read, daemon=True).start()
        wait_until(lambda: ready in self.said or self.process.poll() is not None, ready)
        assert self.process.poll() is None, self.said

    def _read(self) -> None:
        assert self.process.stdout
        with contextlib.suppress(ValueError):
            for line in self.process.stdout:
                self._log.append(line)

    @property
    def said(self) -> str:
        return "".join(self._log)

    def send(self, what: signal.Signals) -> None:
        self.process.send_signal(what)

    def end(self) -> None:
        """Kill it with all that it has started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        assert self.process.stdout


def children_of(pid: int) -> list[int]:
    """The processes that a process has started and that still run."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
            if int(parent) == pid and state != "Z":
                found.append(int(stat.parent.name))
    return found


@dataclass(frozen=True)
class PlaceSpec:
    """A place and the one exporter group that it has. resources: of that group, as an exporter's
    file has them."""

    name: str
    resources: Mapping[str, Mapping[str, object]]
    tags: Mapping[str, str] = field(default_factory=dict)
    exporter: str = "lab1"

    def with_resource(self, kind: str, parameters: Mapping[str, object]) -> PlaceSpec:
        """The place with one thing more."""
        return replace(self, resources={**self.resources, kind: parameters})


def serial_place(name: str, device: str, exporter: str = "lab1", **tags: str) -> PlaceSpec:
    """A place of one serial device of the exporter's machine."""
    return PlaceSpec(name, {"RawSerialPort": {"port": device, "speed": 115200}}, tags, exporter)


class Cluster:
    """Places of one coordinator; an exporter process for each exporter that they name."""

    def __init__(self, folder: Path, places: list[PlaceSpec]) -> None:
        self._folder = folder
        self._places = places
        path = f"{install(folder / 'bin')}{os.pathsep}{os.environ['PATH']}"
        self._env = {**os.environ, "PATH": path, "PYTHONUNBUFFERED": "1"}
        for name in ("LG_ENV", "LG_PLACE", "LG_PROXY", "LG_STATE", "LG_COORDINATOR"):
            self._env.pop(name, None)
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.address = f"127.0.0.1:{probe.getsockname()[1]}"
        (folder / "coordinator").mkdir(parents=True)
        # JSON is YAML. A coordinator saves its places every 15 s only: these it has from the start.
        (folder / "coordinator" / "places.yaml").write_text(
            json.dumps({place.name: _as_saved(place) for place in places})
        )
        self.exporters: dict[str, Program] = {}
        self.coordinator = self._start_coordinator()
        try:
            for name in sorted({place.exporter for place in places}):
                self.start_exporter(name)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        for program in (*self.exporters.values(), self.coordinator):
            program.end()

    def _start_coordinator(self) -> Program:
        return Program(
            ["labgrid.remote.coordinator", "-l", self.address],
            "listening on",
            self._folder / "coordinator",
            self._env,
        )

    def restart_coordinator(self) -> None:
        """What follows a kill: the same address, the same places, no locks."""
        self.coordinator.end()
        self.coordinator = self._start_coordinator()

    def start_exporter(self, name: str) -> None:
        """Start an exporter, also after another one of that name has ended."""
        groups = {one.name: one.resources for one in self._places if one.exporter == name}
        file = self._folder / f"{name}.yaml"
        file.write_text(json.dumps(groups))
        self.exporters[name] = Program(
            ["labgrid.remote.exporter", "-c", self.address, "-n", name,
             "--hostname", "127.0.0.1", str(file)],
            "Exporter ready",
            self._folder,
            self._env,
        )  # fmt: skip

    def ser2nets(self, exporter: str = "lab1") -> list[int]:
        """The ser2net processes that an exporter runs: one for each acquired serial port."""
        return children_of(self.exporters[exporter].process.pid)

    def client(self, *words: str, user: str = "jane") -> str:
        """What `labgrid-client WORDS` says, typed by another user."""
        done = subprocess.run(
            [sys.executable, "-m", "labgrid.remote.client", "-x", self.address, *words],
            env={**self._env, "LG_USERNAME": user, "LG_HOSTNAME": "desk"},
            capture_output=True, text=True, timeout=PATIENCE_S,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def holders(self) -> dict[str, str]:
        """Who has acquired which place, as the coordinator says."""
        from labgrid.remote.generated import labgrid_coordinator_pb2 as pb

        places = self._ask("GetPlaces", pb.GetPlacesRequest()).places
        return {place.name: place.acquired for place in places if place.acquired}

    def reservations(self) -> list[str]:
        """The owners of all reservations."""
        from labgrid.remote.generated import labgrid_coordinator_pb2 as pb

        found = self._ask("GetReservations", pb.GetReservationsRequest()).reservations
        return [one.owner for one in found]

    def _ask(self, method: str, request: Any) -> Any:
        import grpc
        from labgrid.remote.generated import labgrid_coordinator_pb2_grpc

        with grpc.insecure_channel(self.address) as channel:
            stub = labgrid_coordinator_pb2_grpc.CoordinatorStub(channel)
            return getattr(stub, method)(request, timeout=PATIENCE_S, wait_for_ready=True)


def _as_saved(place: PlaceSpec) -> dict[str, object]:
    match = {"exporter": place.exporter, "group": place.name, "cls": "*"}
    return {
        "aliases": [],
        "comment": "",
        "tags": dict(place.tags),
        "matches": [{**match, "name": None, "rename": None}],
        "created": 0.0,
        "changed": 0.0,
    }
