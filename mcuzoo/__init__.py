# ruff: noqa: TC004
"""mcuzoo: from the eIQ Model Zoo to a proven i.MX RT board.

Its verbs and nouns are here, each loaded when it is first used; docs/api.md shows them at work.

    project = mcuzoo.export("signs", "rt1170", mcuzoo.ExportOptions(runtime="aot", project="cmake"))
    mcuzoo.build(project)
    with mcuzoo.open_board(project) as board:
        print(board.classify("photo.jpg").best)
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

try:
    _built = import_module("mcuzoo._version")
except ImportError:  # a checkout that nothing was built or installed from
    __version__, __commit__ = "0.0.0", ""
else:
    __version__, __commit__ = str(_built.VERSION), str(_built.COMMIT)
"""__commit__: what a wheel was built from; "" for a checkout, which may be changed at any time."""

if TYPE_CHECKING:
    from mcuzoo.board.load import load_board
    from mcuzoo.board.model import Board
    from mcuzoo.calibrate.calibrate import calibrate
    from mcuzoo.calibrate.options import CalibrateOptions
    from mcuzoo.codegen.export import Project, export
    from mcuzoo.codegen.options import ExportOptions
    from mcuzoo.compare.comparison import compare_projects as compare
    from mcuzoo.compare.options import CompareOptions
    from mcuzoo.config.config import Config, load_config
    from mcuzoo.doctor_data.doctor import doctor_data
    from mcuzoo.doctor_data.options import DoctorDataOptions
    from mcuzoo.emulator.emulate import emulate
    from mcuzoo.emulator.options import EmulateOptions
    from mcuzoo.errors import McuzooError
    from mcuzoo.evaluate.model import evaluate_model as evaluate
    from mcuzoo.evaluate.options import EvaluateOptions
    from mcuzoo.flash.flash import flash
    from mcuzoo.flash.options import FlashOptions
    from mcuzoo.graph.model import Model
    from mcuzoo.history.against import compare_runs
    from mcuzoo.history.bisect import bisect
    from mcuzoo.history.options import BisectOptions, HistoryOptions
    from mcuzoo.history.trend import history
    from mcuzoo.measure.fit import measure
    from mcuzoo.plan.fit import fit
    from mcuzoo.plan.linux import fit_linux
    from mcuzoo.plan.options import FitOptions, LinuxFitOptions, MeasureOptions
    from mcuzoo.quantize.options import QuantizeOptions
    from mcuzoo.quantize.quantize import quantize
    from mcuzoo.run.conversion import convert
    from mcuzoo.run.open_board import open_board
    from mcuzoo.run.options import BoardOptions, ConvertOptions, ProfileOptions, RunOptions
    from mcuzoo.run.profiling import profile
    from mcuzoo.run.run import run
    from mcuzoo.sbom.document import sbom
    from mcuzoo.toolchain.build import build_project as build
    from mcuzoo.toolchain.options import BuildOptions
    from mcuzoo.tryout.options import TryOptions
    from mcuzoo.tryout.tryout import try_model
    from mcuzoo.verify.options import VerifyOptions
    from mcuzoo.verify.verify import verify
    from mcuzoo.watch.options import WatchOptions
    from mcuzoo.watch.watch import watch
    from mcuzoo.zoo.fetch.fetch import fetch_model as fetch
    from mcuzoo.zoo.options import FetchOptions
    from mcuzoo.zoo.registry import load_named_model as load_model

__all__ = [
    "BisectOptions",
    "Board",
    "BoardOptions",
    "BuildOptions",
    "CalibrateOptions",
    "CompareOptions",
    "Config",
    "ConvertOptions",
    "DoctorDataOptions",
    "EmulateOptions",
    "EvaluateOptions",
    "ExportOptions",
    "FetchOptions",
    "FitOptions",
    "FlashOptions",
    "HistoryOptions",
    "LinuxFitOptions",
    "McuzooError",
    "MeasureOptions",
    "Model",
    "ProfileOptions",
    "Project",
    "QuantizeOptions",
    "RunOptions",
    "TryOptions",
    "VerifyOptions",
    "WatchOptions",
    "bisect",
    "build",
    "calibrate",
    "compare",
    "compare_runs",
    "convert",
    "doctor_data",
    "emulate",
    "evaluate",
    "export",
    "fetch",
    "fit",
    "fit_linux",
    "flash",
    "history",
    "load_board",
    "load_config",
    "load_model",
    "measure",
    "open_board",
    "profile",
    "quantize",
    "run",
    "sbom",
    "try_model",
    "verify",
    "watch",
]

_HOMES = {
    "load_model": "zoo.registry:load_named_model",
    "load_board": "board.load:load_board",
    "load_config": "config.config:load_config",
    "fetch": "zoo.fetch.fetch:fetch_model",
    "convert": "run.conversion:convert",
    "quantize": "quantize.quantize:quantize",
    "fit": "plan.fit:fit",
    "fit_linux": "plan.linux:fit_linux",
    "measure": "measure.fit:measure",
    "export": "codegen.export:export",
    "build": "toolchain.build:build_project",
    "sbom": "sbom.document:sbom",
    "flash": "flash.flash:flash",
    "calibrate": "calibrate.calibrate:calibrate",
    "emulate": "emulator.emulate:emulate",
    "open_board": "run.open_board:open_board",
    "run": "run.run:run",
    "evaluate": "evaluate.model:evaluate_model",
    "profile": "run.profiling:profile",
    "doctor_data": "doctor_data.doctor:doctor_data",
    "compare": "compare.comparison:compare_projects",
    "compare_runs": "history.against:compare_runs",
    "history": "history.trend:history",
    "bisect": "history.bisect:bisect",
    "try_model": "tryout.tryout:try_model",
    "verify": "verify.verify:verify",
    "watch": "watch.watch:watch",
    "Model": "graph.model:Model",
    "Board": "board.model:Board",
    "Config": "config.config:Config",
    "Project": "codegen.export:Project",
    "McuzooError": "errors:McuzooError",
    "FetchOptions": "zoo.options:FetchOptions",
    "ConvertOptions": "run.options:ConvertOptions",
    "QuantizeOptions": "quantize.options:QuantizeOptions",
    "FitOptions": "plan.options:FitOptions",
    "LinuxFitOptions": "plan.options:LinuxFitOptions",
    "MeasureOptions": "plan.options:MeasureOptions",
    "ExportOptions": "codegen.options:ExportOptions",
    "BuildOptions": "toolchain.options:BuildOptions",
    "FlashOptions": "flash.options:FlashOptions",
    "CalibrateOptions": "calibrate.options:CalibrateOptions",
    "EmulateOptions": "emulator.options:EmulateOptions",
    "BoardOptions": "run.options:BoardOptions",
    "RunOptions": "run.options:RunOptions",
    "EvaluateOptions": "evaluate.options:EvaluateOptions",
    "ProfileOptions": "run.options:ProfileOptions",
    "DoctorDataOptions": "doctor_data.options:DoctorDataOptions",
    "CompareOptions": "compare.options:CompareOptions",
    "HistoryOptions": "history.options:HistoryOptions",
    "BisectOptions": "history.options:BisectOptions",
    "TryOptions": "tryout.options:TryOptions",
    "VerifyOptions": "verify.options:VerifyOptions",
    "WatchOptions": "watch.options:WatchOptions",
}
"""Where each name lives: module:name, as the imports above say to a type checker."""


class _FrontDoor(ModuleType):
    """This module. Some verbs have the name of a package (run, evaluate, ...). When Python imports
    such a package, the name `mcuzoo.run` stays the verb; `from mcuzoo.run.job import ...` still
    works."""

    def __getattr__(self, name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module 'mcuzoo' has no attribute {name!r}")
        module, _, own_name = _HOMES[name].partition(":")
        found = getattr(import_module(f"mcuzoo.{module}"), own_name)
        setattr(self, name, found)
        return found

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return [*__all__, "__commit__", "__version__"]


sys.modules[__name__].__class__ = _FrontDoor
