"""`mcuzoo verify`: a file that Vela compiled for an Ethos-U, judged before it meets a chip."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from mcuzoo.cli.options import Json, takes
from mcuzoo.errors import VerdictError
from mcuzoo.options import Argument
from mcuzoo.report.options import CiFiles
from mcuzoo.verify.options import VerifyOptions

EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("signs", "--vela", "signs_vela.tflite"),
    ("model.tflite", "--vela", "model_vela.tflite", "--images", "photos"),
)


@takes(VerifyOptions, files=CiFiles)
def verify(
    subject: Annotated[
        str,
        Argument(
            "A project, a model of the zoo, or the .tflite file that was compiled.",
            metavar="PROJECT|MODEL",
        ),
    ],
    options: VerifyOptions,
    files: CiFiles,
    json_output: Json = False,
) -> None:
    """Without images: every weight, bias, scale, address and wait, against the source model. With
    --images the file is computed on this machine, and each layer compared with the reference.
    Exits 1 if something is wrong, and names the layer, the kind of fault and who is to be told.
    It needs neither Vela nor a chip; docs/npu.md says what it proves and what it does not.
    """
    from mcuzoo.cli.output import print_json, summary_aside, width
    from mcuzoo.cli.verify_progress import VerifyProgress
    from mcuzoo.files import require_outputs
    from mcuzoo.report.ci import told, write_outcomes
    from mcuzoo.report.verification import (
        verification_document,
        verification_outcome,
        verification_text,
    )
    from mcuzoo.verify.verify import verify as judge

    aside = require_outputs(
        files.outputs,
        {"MODEL": Path(subject), "--vela": options.vela, "--images": options.images},
        json_output,
    )
    with told(files, "verify"), VerifyProgress() as progress:
        found = judge(subject, options, progress)
    write_outcomes((verification_outcome(found),), files)
    if json_output:
        print_json("verify", verification_document(found))
    else:
        with summary_aside(aside):
            sys.stdout.write(verification_text(found, width()))
    if not found.passed:
        sys.exit(VerdictError.exit_code)
