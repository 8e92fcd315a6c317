"""`mcuzoo doctor-data`: what labelled pictures contradict of a model's recipe and label order."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from mcuzoo.cli.options import Json, takes
from mcuzoo.doctor_data.options import DoctorDataOptions
from mcuzoo.errors import VerdictError
from mcuzoo.options import Argument, Option
from mcuzoo.report.options import CiFiles

EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("signs", "--data", "signs"),
    ("model.tflite", "--data", "photos", "--normalize", "torch", "--fit", "cover"),
)


@takes(DoctorDataOptions, files=CiFiles)
def doctor_data(
    model: Annotated[str, Argument("A model of the zoo, or a .tflite file.")],
    data: Annotated[
        Path,
        Option(
            "Labelled pictures: class folders, CSV (file,label), a published layout, or signs.",
            "--data",
            metavar="DIR|CSV|signs",
        ),
    ],
    options: DoctorDataOptions,
    files: CiFiles,
    save_labels: Annotated[
        Path | None,
        Option(
            "Write the class names in the order of the outputs, where the pictures tell it.",
            "--save-labels",
            metavar="FILE",
        ),
    ] = None,
    json_output: Json = False,
) -> None:
    """About a hundred labelled pictures, and the model itself, are asked about each part of the
    recipe. Exits 1 where they contradict label order, colour, normalization or a letterbox; what
    they say of crop, orientation and resize are notes. No recipe is ever named as the right one.
    """
    from mcuzoo.cli.output import print_json, summary_aside, tell, width
    from mcuzoo.cli.progress import step
    from mcuzoo.doctor_data.doctor import doctor_data as ask
    from mcuzoo.doctor_data.write_labels import write_labels
    from mcuzoo.files import require_outputs
    from mcuzoo.report.check_outcomes import diagnosis_outcome
    from mcuzoo.report.ci import told, write_outcomes
    from mcuzoo.report.doctor_data import bad_lines, diagnosis_document, diagnosis_text, next_line

    aside = require_outputs(
        {"--save-labels": save_labels, **files.outputs},
        {"MODEL": Path(model), "--data": data, "--labels": options.labels},
        json_output,
    )
    with told(files, "doctor-data"), step("asking the model") as update:
        found = ask(model, data, options, update)
    for line in bad_lines(found):
        tell(line)
    if save_labels is not None:
        tell(write_labels(found, save_labels))
    write_outcomes((diagnosis_outcome(found, str(data)),), files)
    if json_output:
        print_json("doctor-data", diagnosis_document(found))
    else:
        with summary_aside(aside):
            sys.stdout.write(diagnosis_text(found, width()))
            sys.stdout.write(next_line(found, (model, data), options, save_labels))
    if found.fails:
        sys.exit(VerdictError.exit_code)
