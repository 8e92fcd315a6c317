"""`mcuzoo doctor-image`: a picture as the network sees it, and what is wrong with a tensor."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from mcuzoo.cli.options import takes
from mcuzoo.errors import VerdictError
from mcuzoo.evaluate.options import LookFiles
from mcuzoo.options import Argument, Option, RecipeOptions
from mcuzoo.project.kinds import DEFAULT_MODEL
from mcuzoo.report.options import CiFiles

EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("photo.jpg",),
    ("photo.jpg", "--model", "model.tflite", "--tensor", "input.bin"),
)


@takes(RecipeOptions, own=LookFiles, files=CiFiles)
def doctor_image(
    image: Annotated[Path, Argument("A picture.")],
    options: RecipeOptions,
    own: LookFiles,
    files: CiFiles,
    model: Annotated[
        str, Option("A model of the zoo, or a .tflite file.", "--model", "-m")
    ] = DEFAULT_MODEL,
    json_output: Annotated[bool, Option("Print one JSON document.", "--json")] = False,
) -> None:
    """With --tensor: how that tensor was made of the picture, and which of the known mistakes were
    made (BGR, white that wraps to black, pixel - 127, another crop or resize). Exits 1 then.
    """
    from mcuzoo.cli.output import print_json, summary_aside, tell, width
    from mcuzoo.cli.terminal import picture_way
    from mcuzoo.data.doctor.tensor import pixels_of, write_tensor
    from mcuzoo.evaluate.look import look
    from mcuzoo.files import require_outputs
    from mcuzoo.report.check_outcomes import look_outcome
    from mcuzoo.report.ci import told, write_outcomes
    from mcuzoo.report.look import look_document, look_text
    from mcuzoo.report.picture import terminal_picture, write_png

    aside = require_outputs(
        {"--out": own.out, "--save": own.save, **files.outputs},
        {"IMAGE": image, "--tensor": own.tensor, "--model": Path(model)},
        json_output,
    )
    with told(files, "doctor-image"):
        seen = look(image, model, own.tensor, options)
    for note in seen.notes:
        tell(note)
    if own.out is not None:
        write_png(pixels_of(seen.tensor), own.out)
    if own.save is not None:
        write_tensor(own.save, seen.input)
    write_outcomes((look_outcome(seen),), files)
    if json_output:
        print_json("doctor-image", look_document(seen))
    else:
        with summary_aside(aside):
            way = picture_way()
            if way is not None:
                sys.stdout.write(terminal_picture(pixels_of(seen.tensor), width(), way))
            sys.stdout.write(look_text(seen))
    if not seen.healthy:
        sys.exit(VerdictError.exit_code)
