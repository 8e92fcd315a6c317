"""`mcuzoo doctor-image`: a picture as the network sees it, and what is wrong with a tensor."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from mcuzoo.errors import VerdictError
from mcuzoo.project.kinds import DEFAULT_MODEL


def doctor_image(
    image: Annotated[Path, typer.Argument(help="A picture.")],
    model: Annotated[
        str, typer.Option("--model", "-m", help="A model of the zoo, or a .tflite file.")
    ] = DEFAULT_MODEL,
    tensor: Annotated[
        Path | None,
        typer.Option(
            "--tensor", metavar="FILE", help="A tensor made of it: raw int8, .npy or a C array."
        ),
    ] = None,
    crop: Annotated[
        float | None,
        typer.Option("--crop", help="The central fraction of each side, instead of the model's."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="PNG", help="Write what it sees, enlarged."),
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option("--save", metavar="FILE", help="Write the right tensor: .npy, else raw int8."),
    ] = None,
    json_output: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Show a picture exactly as the network sees it.

    With --tensor: how that tensor was made of the picture, and which of the known mistakes were
    made (BGR, white that wraps to black, pixel - 127, another crop or resize). Exits 1 then.
    """
    import json
    import shutil

    from mcuzoo.data.doctor.sight import pixels_of, terminal_picture, write_png
    from mcuzoo.data.doctor.tensor_file import write_tensor
    from mcuzoo.evaluate.look import look
    from mcuzoo.evaluate.look_text import look_text

    seen = look(image, model, tensor, crop)
    if out is not None:
        write_png(pixels_of(seen.tensor), out)
    if save is not None:
        write_tensor(save, seen.tensor)
    if json_output:
        print(json.dumps(seen.as_dict(), indent=2))
    else:
        if sys.stdout.isatty():
            columns = shutil.get_terminal_size().columns
            sys.stdout.write(terminal_picture(pixels_of(seen.tensor), columns))
        sys.stdout.write(look_text(seen))
    if not seen.healthy:
        raise typer.Exit(VerdictError.exit_code)
