"""The software bill of materials of a project's firmware: CycloneDX 1.6, JSON.

Format: https://cyclonedx.org/docs/1.6/json/. It is made from the manifest and the files of the
project alone, so that the same build gives the same document; SOURCE_DATE_EPOCH gives it a time.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from datetime import datetime, timezone
from hashlib import sha256
from os import PathLike
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from mcuzoo import __version__
from mcuzoo.errors import ProjectError, UsageError, command
from mcuzoo.project.build_id import firmware_inputs, hash_files, is_firmware_input
from mcuzoo.project.manifest import (
    BOARD_FOLDER,
    AnyManifest,
    BuildEntry,
    Manifest,
    PartEntry,
    load_project,
)
from mcuzoo.project.rules import inside
from mcuzoo.quoting import printable, shortened

SPECIFICATION = "1.6"
FIRMWARE, OURS, MODEL = "firmware", "mcuzoo-firmware", "model"
"""References within the document."""

_LICENCE = r"(MIT|[A-Za-z0-9.+-]*\d[A-Za-z0-9.+-]*)"
_JOINED = r" (AND|OR|WITH) "
_BRACKETED = rf"\({_LICENCE}({_JOINED}[\w.+-]+)*\)"
_EXPRESSION = re.compile(rf"({_LICENCE}|{_BRACKETED})({_JOINED}([\w.+-]+|{_BRACKETED}))*")
_ADDRESS = re.compile(r"https://[!-~]+")

Component = dict[str, Any]


def sbom(project: str | PathLike[str]) -> dict[str, Any]:
    """The document about the newest build of the project in a folder, or about its sources if there
    is none.

    Raises ProjectError: no project, or a product of the build is not what was built any more;
    UsageError: SOURCE_DATE_EPOCH is no time.
    """
    folder = Path(project)
    manifest = load_project(folder)
    build = manifest.build
    if build is not None:
        _require_products(folder, build)
    files = _sources(folder, manifest)
    components = [
        _ours(files, manifest),
        *_models(files, manifest),
        *map(_part, _parts(manifest)),
    ]
    document: dict[str, Any] = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": SPECIFICATION,
        "version": 1,
        "metadata": {
            **_time(),
            "lifecycles": [{"phase": "pre-build" if build is None else "build"}],
            "tools": {"components": _tools(build, _gcc(manifest))},
            "component": _firmware(manifest),
        },
        "components": components,
        "dependencies": [
            {"ref": FIRMWARE, "dependsOn": sorted(item["bom-ref"] for item in components)}
        ],
        "compositions": [{"aggregate": _aggregate(manifest), "assemblies": [FIRMWARE]}],
    }
    content = json.dumps(document, sort_keys=True)
    return {"serialNumber": f"urn:uuid:{uuid5(NAMESPACE_URL, content)}", **document}


def _require_products(folder: Path, build: BuildEntry) -> None:
    for path, digest in _products(build).items():
        product = inside(folder, path)
        if not product.is_file() or sha256(product.read_bytes()).hexdigest() != digest:
            what = "is missing" if not product.is_file() else "is not what was built"
            raise ProjectError(
                f"{product} {what}.", f"Build it again: {command('mcuzoo', 'build', folder)}"
            )


def _products(build: BuildEntry) -> dict[str, str]:
    """SHA-256 of ELF, .bin and .hex, by path in the project."""
    paths = {"elf": build.elf, "bin": build.bin, "hex": build.hex}
    return {paths[kind]: digest for kind, digest in build.sha256.items() if kind in paths}


def _time() -> dict[str, str]:
    """The time of SOURCE_DATE_EPOCH (reproducible-builds.org); none without it. Raises UsageError
    for one that is no time, as the specification wants."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not epoch:
        return {}
    if not re.fullmatch(r"[0-9]{1,11}", epoch):
        raise UsageError(
            f"SOURCE_DATE_EPOCH is no time: {shortened(printable(epoch))}.",
            "Seconds since 1970, as git log -1 --format=%ct prints them; or unset it.",
        )
    return {"timestamp": datetime.fromtimestamp(int(epoch), timezone.utc).isoformat()}


def _gcc(manifest: AnyManifest) -> str:
    return "aarch64-linux-gnu-gcc" if manifest.project == "linux" else "arm-none-eabi-gcc"


def _tools(build: BuildEntry | None, gcc: str) -> list[Component]:
    """What made the document, and what made the firmware. gcc: the name of its GCC."""
    tools: list[Component] = [
        {
            "type": "application",
            "name": "mcuzoo",
            "version": __version__,
            "purl": _purl(__version__),
        }
    ]
    if build is not None:
        name = {"gcc": gcc}.get(build.toolchain, build.toolchain)
        tools.append({"type": "application", "name": name, "version": build.compiler_version})
    return tools


def _purl(version: str) -> str:
    return f"pkg:pypi/mcuzoo@{quote(version)}"


def _firmware(manifest: AnyManifest) -> Component:
    """What the document is about: the firmware with the files that a build made of it."""
    build = manifest.build
    boards = {
        path: digest
        for path, digest in sorted(manifest.files.items())
        if path.startswith(f"{BOARD_FOLDER}/") and path.endswith(".toml")
    }
    facts = {
        "board": manifest.board,
        "runtime": manifest.runtime,
        "project": manifest.project,
        **{f"file:{path}": f"sha256:{digest}" for path, digest in boards.items()},
    }
    component: Component = {
        "type": "firmware",
        "bom-ref": FIRMWARE,
        "name": manifest.name,
        "version": manifest.newest_build_id,
    }
    if build is not None:
        facts |= {"toolchain": build.toolchain, "optimization": build.optimization}
        facts |= {"flags": " ".join(build.flags)} if build.flags else {}
        flashed = build.sha256.get("bin" if build.bin else "elf")
        if flashed is not None:
            component["hashes"] = _hash(flashed)
        component["components"] = [
            _file(FIRMWARE, path, digest) for path, digest in _products(build).items()
        ]
    return {**component, "properties": _properties(facts)}


def _ours(files: Mapping[str, str], manifest: AnyManifest) -> Component:
    """The sources of the firmware: copied, rendered, or changed by whoever has the project. files:
    as _sources gives them."""
    facts: dict[str, str] = {}
    if manifest.provenance is not None:
        facts = {
            "commit": manifest.provenance.commit,
            "templates": f"sha256:{manifest.provenance.templates_sha256}",
            "options": " ".join(manifest.provenance.options),
        }
    own = {path: digest for path, digest in files.items() if not _of_model(manifest, path)}
    return {
        "type": "library",
        "bom-ref": OURS,
        "name": OURS,
        "version": manifest.tool_version,
        "description": "The sources of the firmware, as mcuzoo exported them.",
        "licenses": _licences("Apache-2.0"),
        "purl": _purl(manifest.tool_version),
        "properties": _properties(facts),
        "components": _files(OURS, own, manifest),
    }


def _of_model(manifest: AnyManifest, path: str) -> bool:
    return isinstance(manifest, Manifest) and path.startswith("model/")


def _sources(folder: Path, manifest: AnyManifest) -> dict[str, str]:
    """SHA-256 of every file that the newest build was made of, or else of those that are there."""
    build = manifest.build
    if build is None:
        return hash_files(folder, firmware_inputs(folder))
    exported = {path: one for path, one in manifest.files.items() if is_firmware_input(path)}
    used = {**exported, **build.changed}
    return {path: digest for path, digest in sorted(used.items()) if digest}


def _models(files: Mapping[str, str], manifest: AnyManifest) -> list[Component]:
    """The model of the project, if it has one, with those of `files` that hold its weights."""
    if not isinstance(manifest, Manifest):
        return []
    entry = manifest.model
    component: Component = {
        "type": "machine-learning-model",
        "bom-ref": MODEL,
        "name": entry.name,
        "hashes": _hash(entry.sha256),
    }
    if entry.source:
        component["description"] = entry.source
    if entry.licence:
        component["licenses"] = _licences(entry.licence)
    if _ADDRESS.fullmatch(entry.url):
        component["externalReferences"] = [{"type": "distribution", "url": entry.url}]
    facts = {"bytes": str(entry.bytes), "recipe": manifest.recipe_source}
    if entry.converted_from:
        facts["converted_from"] = f"sha256:{entry.converted_from}"
    own = {path: digest for path, digest in files.items() if _of_model(manifest, path)}
    return [
        {
            **component,
            "properties": _properties(facts),
            "components": _files(MODEL, own, manifest),
        }
    ]


def _parts(manifest: AnyManifest) -> tuple[PartEntry, ...]:
    """What is not mcuzoo's: as the build found it, or what the export knows that there will be."""
    if manifest.build is not None:
        return manifest.build.parts
    expected = []
    if manifest.tflm is not None:
        purl, whole = "pkg:github/tensorflow/tflite-micro", manifest.tflm.fingerprint
        tflm = PartEntry("TensorFlow Lite Micro", "", "Apache-2.0", purl, fingerprint=whole)
        expected.append(tflm)
        if manifest.tflm.kernels == "cmsis-nn":
            purl = "pkg:github/arm-software/cmsis-nn"
            expected.append(PartEntry("CMSIS-NN", "", "Apache-2.0", purl))
    if manifest.sdk is not None:
        expected.append(PartEntry("MCUXpresso SDK", "", ""))
    return tuple(expected)


def _part(part: PartEntry) -> Component:
    reference = f"part:{part.name}"
    component: Component = {"type": "library", "bom-ref": reference, "name": part.name}
    if part.version:
        component["version"] = part.version
    if part.licence:
        component["licenses"] = _licences(part.licence)
    if part.purl:
        component["purl"] = part.purl + (f"@{quote(part.version)}" if part.version else "")
    if part.fingerprint:
        component["properties"] = _properties({"fingerprint": f"sha256:{part.fingerprint}"})
    if part.files:
        component["components"] = [
            _file(reference, path, digest) for path, digest in sorted(part.files.items())
        ]
    return component


def _aggregate(manifest: AnyManifest) -> str:
    """How complete the list of components is, in CycloneDX's words."""
    if manifest.build is None or not manifest.build.parts:
        return "incomplete"
    # Of the SDK the compiled sources are known, but not which of its parts each header is from.
    return "complete" if manifest.sdk is None else "incomplete_third_party_only"


def _files(owner: str, files: Mapping[str, str], manifest: AnyManifest) -> list[Component]:
    found = []
    for path, digest in files.items():
        component = _file(owner, path, digest)
        exported = manifest.files.get(path)
        if exported != digest:
            was = "added" if exported is None else f"sha256:{exported}"
            component["properties"] = _properties({"exported": was})
        found.append(component)
    return found


def _file(owner: str, path: str, digest: str) -> Component:
    return {
        "type": "file",
        "bom-ref": f"{owner}:{path}",
        "name": path,
        "hashes": _hash(digest),
    }


def _hash(digest: str) -> list[dict[str, str]]:
    return [{"alg": "SHA-256", "content": digest}]


def _licences(text: str) -> list[dict[str, Any]]:
    """An SPDX expression as one, other words as the name of a licence."""
    if _EXPRESSION.fullmatch(text):
        return [{"expression": text}]
    return [{"license": {"name": text}}]


def _properties(facts: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": f"mcuzoo:{name}", "value": value} for name, value in facts.items() if value]
