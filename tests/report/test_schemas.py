"""The schemas of what --json prints: shipped, tight, as the documents are, and never changed."""

from __future__ import annotations

import json
from typing import Any

import pytest
import schemas as generator
from document_types import DOCUMENTS
from helpers.commands import invoke
from helpers.schemas import validator
from jsonschema import Draft202012Validator

from mcuzoo.cli.commands import COMMANDS, command_of
from mcuzoo.errors import InterruptedRunError, UsageError
from mcuzoo.report.schemas import (
    FOLDER,
    VERSIONS,
    known_schemas,
    labelled,
    schema_name,
    schema_text,
)

PRINTED_BY = {
    "try": ["try"],
    "demo": ["run"],
    "init": ["init"],
    "config": ["config"],
    "doctor": ["doctor"],
    "boards": ["boards"],
    "models": ["models"],
    "fetch": ["fetch"],
    "inspect": ["inspect", "inspect-vela"],
    "convert": ["convert"],
    "fit": ["fit", "fit-linux", "fit-linux-many", "fit-measure", "fit-universal"],
    "export": ["export"],
    "build": ["build"],
    "emulate": ["emulate", "emulate-faults"],
    "flash": ["flash", "flash-rig"],
    "probes": ["probes"],
    "ports": ["ports"],
    "rig": ["rig-scan", "rig-check"],
    "run-serial": ["run"],
    "watch": ["watch"],
    "evaluate": ["evaluate"],
    "doctor-image": ["doctor-image"],
    "doctor-data": ["doctor-data"],
    "profile": ["profile"],
    "quantize": ["quantize"],
    "compare": ["compare"],
    "report": ["run"],
    "history": ["history"],
    "bisect": ["bisect"],
    "verify": ["verify"],
}


def test_every_command_with_json_has_its_schemas() -> None:
    with_json = [
        name
        for name in COMMANDS
        if any("--json" in one.flags for one in command_of(name).parameters)
    ]
    assert sorted(with_json) == sorted(PRINTED_BY)
    printed = {document for documents in PRINTED_BY.values() for document in documents}
    assert printed | {"error"} == VERSIONS.keys() == DOCUMENTS.keys()


@pytest.mark.parametrize("document", VERSIONS)
def test_a_document_that_changes_gets_a_new_version(document: str) -> None:
    path = FOLDER / f"{schema_name(document)}.json"
    hint = "raise its version in mcuzoo/report/schemas/__init__.py, then python tools/schemas.py"
    assert path.is_file(), f"python tools/schemas.py makes {path.name}"
    assert generator.schema_of(document) == json.loads(path.read_text(encoding="utf-8")), hint


@pytest.mark.parametrize("name", known_schemas())
def test_a_schema_is_sound_and_names_itself(name: str) -> None:
    schema = json.loads(schema_text(name))
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:mcuzoo:{name}" and schema["description"].endswith(".")
    for one in objects(schema):
        assert one["additionalProperties"] is False, one
        assert set(one["required"]) <= one["properties"].keys()


def objects(node: Any) -> list[dict[str, Any]]:
    """All objects of a schema whose fields have names."""
    below = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    found = [one for part in below for one in objects(part)]
    if isinstance(node, dict) and isinstance(node.get("properties"), dict) and "type" in node:
        found.append(node)
    return found


def test_a_schema_tells_what_is_not_of_it() -> None:
    error = labelled("error", InterruptedRunError().as_dict())
    known = validator("error")
    assert known.is_valid(error)
    assert not known.is_valid({**error, "more": 1})
    assert not known.is_valid({**error, "exit_code": "130"})
    assert not known.is_valid({**error, "schema": "error-2"})
    assert not known.is_valid({name: value for name, value in error.items() if name != "hint"})


def test_the_command_prints_them() -> None:
    listed = invoke(("schema",)).stdout.split()
    assert listed == list(known_schemas()) and "run-1" in listed
    newest = json.loads(invoke(("schema", "run")).stdout)
    assert newest == json.loads(invoke(("schema", schema_name("run"))).stdout)
    refused = invoke(("schema", "runn"))
    assert refused.exit_code == 2 and "Did you mean 'run'?" in refused.stderr
    with pytest.raises(UsageError):
        schema_text("../schemas/run-1")


def test_an_error_is_a_document() -> None:
    said = invoke(("inspect", "gone.tflite", "--json"))
    assert json.loads(said.stdout)["schema"] == "error-1" and said.exit_code == 2
