"""One page of every kind, as a command would write it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from helpers.boards import without_sdram
from helpers.exported import fit_model
from helpers.fake_board import MANIFEST
from helpers.histories import night, nights, write_hostile, write_nights, write_run
from helpers.mobilenet import mobilenet_v1
from helpers.page_runs import (
    EVIL,
    PageRun,
    broken_firmware,
    broken_rig,
    budgeted,
    emulated,
    hostile,
    many_classes,
    several_boards,
    signs_run,
    toy_profile,
    unlabelled,
)

from mcuzoo.board.load import load_board
from mcuzoo.compare.comparison import Comparison, compare_trials
from mcuzoo.compare.trial import Answers, ProjectOnBoard, Sizes, Trial
from mcuzoo.evaluate.result import BadImage, DataFacts, Evaluation, ModelFacts
from mcuzoo.graph.model import Model
from mcuzoo.history.against import against
from mcuzoo.history.folders import RunInFolder
from mcuzoo.history.trend import history
from mcuzoo.project.recipe import Recipe
from mcuzoo.report.html.comparison import comparison_html
from mcuzoo.report.html.evaluation import Asked, evaluation_html
from mcuzoo.report.html.fit import fit_html
from mcuzoo.report.html.history import history_html
from mcuzoo.report.html.profile import profile_html
from mcuzoo.report.html.run import RunPage, run_html
from mcuzoo.run.score import Accuracy, Agreement, ClassScore, Flips, Paired, Scores, Versus
from mcuzoo.run.tally import Prediction, Shown

MADE = datetime(2026, 11, 29, 2, 0)


def run_file(run: PageRun, show: int = 24) -> str:
    return run_html(RunPage(Path("runs/x"), run.summary, run.project, toy_profile(), show), MADE)


def against_file(now: PageRun, before: PageRun) -> str:
    found = against(
        RunInFolder(Path("runs/now"), now.summary), RunInFolder(Path("runs/before"), before.summary)
    )
    return run_html(RunPage(Path("runs/now"), now.summary, now.project, against=found), MADE)


def history_file(write: Callable[[Path], Path]) -> str:
    with TemporaryDirectory() as folder:
        text = history_html(history([write(Path(folder))]), MADE)
        return text.replace(folder, "/runs")


def toy_comparison(name: str = "second") -> Comparison:
    """Two projects, of which the second differs from the host."""
    right = Answers(np.array([[1, 2, 3], [3, 2, 1]], np.int8), ({0: 10, 2: 20}, {0: 11, 2: 21}))
    wrong = Answers(np.array([[1, 2, 3], [3, 2, 2]], np.int8), ({0: 10, 2: 20}, {0: 9, 2: 8}))
    model = Model("toy", "ab" * 32, b"", "", (), (), (), ())

    def trial(of: str, answers: Answers) -> Trial:
        entry = ProjectOnBoard(of, Path(of), MANIFEST, model, "/dev/toy", 115200)
        return Trial(
            entry, "rt1050", "aot", "gcc 12", "cd" * 16, "silicon", "cycles", 600_000_000, 600_000,
            {0: 400_000, 2: 200_000}, {0: "CONV_2D", 2: "SOFTMAX"}, {0: 0, 2: 1}, {0: 1000, 2: 0},
            answers, Sizes(1000, None, 20_000, 600),
        )  # fmt: skip

    return compare_trials([trial("first", right), trial(name, wrong)], [2, 0], [right, right])


def toy_evaluation(text: str = "face") -> Evaluation:
    """Seven classes, another model beside it, an image that could not be used."""
    names = tuple(f"{text} {label}" for label in range(7))
    confusion = tuple(
        (label, (label + step) % 7, 9 - 4 * step) for label in range(7) for step in range(2)
    )
    model = ModelFacts(text, "ab" * 32, "int8", "reference")
    miss = Prediction(3, text, 1, 2, 0.97)
    return Evaluation(
        tool_version="0.1.0",
        model=model,
        data=DataFacts(text, "class-folders", None, text, "cd" * 32),
        preprocessing=Recipe(),
        images=99,
        n=98,
        scores=Scores(Accuracy(63, 98), Accuracy(90, 98)),
        per_class=tuple(ClassScore(label, names[label], Accuracy(9, 14)) for label in range(7)),
        confusion=confusion,
        bad=(BadImage(7, text, text),),
        jobs=2,
        seconds=3.5,
        class_names=names,
        shown=Shown(worst=(miss,), total=98, names=names),
        against=model,
        comparison=Versus(
            Flips(5, 98), Agreement(98, 93, 4), Scores(Accuracy(61, 98), None), Paired(4, 2)
        ),
        recipe_source="registry",
    )


PAGES: dict[str, Callable[[], str]] = {
    "run": lambda: run_file(signs_run(64)),
    "run-firmware": lambda: run_file(broken_firmware()),
    "run-rig": lambda: run_file(broken_rig()),
    "run-boards": lambda: run_file(several_boards()),
    "run-unlabelled": lambda: run_file(unlabelled()),
    "run-emulated": lambda: run_file(budgeted(emulated())),
    "run-two": lambda: run_file(signs_run(2)),
    "run-10000": lambda: run_file(many_classes(10_000)),
    "run-hostile": lambda: run_file(hostile()),
    "run-against": lambda: against_file(nights()[-1], nights()[-4]),
    "run-against-other": lambda: against_file(emulated(), signs_run(40)),
    "run-against-hostile": lambda: against_file(hostile(), signs_run(12)),
    "history": lambda: history_file(
        lambda folder: write_nights(folder, [*nights(), emulated(), broken_rig()])
    ),
    "history-hostile": lambda: history_file(write_hostile),
    "history-one": lambda: history_file(lambda folder: write_run(folder / "one", night(0))),
    "fit": lambda: fit_html(fit_model(mobilenet_v1(), load_board("rt1050")), made=MADE),
    "fit-not": lambda: fit_html(
        fit_model(mobilenet_v1(resolution=416), without_sdram("rt1050")), made=MADE
    ),
    "profile": lambda: profile_html(toy_profile(), MADE),
    "compare": lambda: comparison_html(toy_comparison(), MADE),
    "compare-hostile": lambda: comparison_html(toy_comparison(f"$x^$ {EVIL}\0"), MADE),
    "evaluate": lambda: evaluation_html(toy_evaluation(), Asked(0.7, True, ("too low",)), MADE),
    "evaluate-hostile": lambda: evaluation_html(toy_evaluation(EVIL), Asked(), MADE),
}
"""By a name for the file."""
