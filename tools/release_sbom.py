"""List the parts of a release as a CycloneDX document: the last step of `make sbom`.

    python tools/release_sbom.py --python .venv-sbom/bin/python --out dist

The packages are those of the environment of --python, found by cyclonedx-py. Added to what it says:
version, package URL and hashes of the sdist and wheel in --out, which `make dist` has put there.
Writes mcuzoo-VERSION.cdx.json beside them and enters it in SHA256SUMS.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from release import REPOSITORY, SUMS, run, said, sha


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).partition(":")[0])
    parser.add_argument("--python", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("dist"))
    given = parser.parse_args(words)
    packed = sorted([*given.out.glob("mcuzoo-*.whl"), *given.out.glob("mcuzoo-*.tar.gz")])
    if len(packed) != 2:
        raise SystemExit(f"{given.out} has {len(packed)} files of a release, not 2: run make dist.")
    document = completed(found_packages(given.python), packed)
    complaint = schema_complaint(document)
    if complaint:
        raise SystemExit(f"This is no CycloneDX document: {complaint}")
    target = given.out / f"mcuzoo-{document['metadata']['component']['version']}.cdx.json"
    target.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8", newline="\n")
    with (given.out / SUMS).open("a", encoding="utf-8", newline="\n") as sums:
        sums.write(f"{sha(target)}  {target.name}\n")
    print(f"{target}: {len(document['components'])} packages")
    return 0


def found_packages(python: Path) -> dict[str, Any]:
    """What cyclonedx-py says of an environment, with the time of the newest commit."""
    epoch = said(["git", "show", "-s", "--format=%ct", "HEAD"], REPOSITORY)
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch) / "sbom.json"
        run(
            [
                sys.executable, "-m", "cyclonedx_py", "environment", "--output-reproducible",
                "--pyproject", str(REPOSITORY / "pyproject.toml"), "--mc-type", "application",
                "--output-file", str(target), str(python.absolute()),
            ],
            REPOSITORY,
            {"SOURCE_DATE_EPOCH": epoch},
        )  # fmt: skip
        document: dict[str, Any] = json.loads(target.read_text("utf-8"))
    return document


def completed(document: dict[str, Any], packed: Sequence[Path]) -> dict[str, Any]:
    """The document, whose main component also says which files it is. packed: sdist and wheel."""
    wheel = next(path for path in packed if path.suffix == ".whl")
    version = wheel.name.split("-")[1]
    main_component = document["metadata"]["component"]
    main_component |= {"version": version, "purl": f"pkg:pypi/mcuzoo@{quote(version)}"}
    main_component.setdefault("externalReferences", []).extend(
        {
            "type": "distribution",
            "url": path.name,
            "hashes": [{"alg": "SHA-256", "content": sha(path)}],
        }
        for path in packed
    )
    return document


def schema_complaint(document: dict[str, Any]) -> str:
    """What the official JSON Schema says against `document`, or ""."""
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    found = JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(document))
    return "" if found is None else str(found)


if __name__ == "__main__":
    sys.exit(main())
