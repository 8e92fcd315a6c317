"""Write the class names in the order of the outputs, where pictures tell it."""

from __future__ import annotations

from pathlib import Path

from mcuzoo.doctor_data.diagnosis import DataDiagnosis
from mcuzoo.files import write_output


def write_labels(found: DataDiagnosis, path: Path) -> str:
    """Write a labels file, a name a line, if the label order is contradicted and the pictures tell
    all of another one. Returns what was done, or why nothing was. Raises InputError."""
    if not found.outputs:
        return "no labels are written: the pictures do not contradict the label order"
    if not found.whole_order:
        unsure = ", ".join(one.name for one in found.outputs if not one.sure)
        return (
            f"no labels are written: the pictures do not tell the output of {unsure}; more "
            "pictures of these may"
        )
    names = {one.output: one.name for one in found.outputs}
    lines = [names.get(output, f"output {output}") for output in range(found.classes)]
    write_output(path, ("\n".join(lines) + "\n").encode())
    return f"wrote {path}, the class names in the order of the outputs: --labels {path}"
