"""`mcuzoo sbom`: what a firmware consists of."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from mcuzoo.cli.options import takes
from mcuzoo.options import Argument, Option

EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("hello",),
    ("hello", "-o", "hello.cdx.json"),
)


@takes()
def sbom(
    project: Annotated[Path, Argument("A project folder.")],
    output: Annotated[
        Path, Option("Write the document there [stdout].", "--output", "-o", metavar="FILE")
    ] = Path("-"),
) -> None:
    """A CycloneDX document of the newest build: files, model, libraries, tools, with hashes,
    versions and licences. SOURCE_DATE_EPOCH is its time; without it there is none.
    """
    import json

    from mcuzoo.files import is_stdout, require_outputs, write_output
    from mcuzoo.project.kinds import MANIFEST_NAME
    from mcuzoo.report.sbom import sbom_text
    from mcuzoo.sbom.document import sbom as document_of

    require_outputs({"--output": output}, {"PROJECT": project / MANIFEST_NAME})
    document = document_of(project)
    write_output(output, (json.dumps(document, indent=2) + "\n").encode("utf-8"))
    (sys.stderr if is_stdout(output) else sys.stdout).write(sbom_text(document))
