"""Documents of --json against the schemas that are shipped, by another program's validator."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from mcuzoo.report.schemas import schema_text


@cache
def validator(name: str) -> Draft202012Validator:
    """name: as schema_text takes it, "run" or "run-1"."""
    return Draft202012Validator(json.loads(schema_text(name)))


def complaints(document: Any) -> list[str]:
    """What of a document is not as the schema says that it names; at most a few."""
    plain = json.loads(json.dumps(document))
    found = sorted(validator(plain["schema"]).iter_errors(plain), key=lambda one: list(one.path))
    return [f"{one.json_path}: {one.message[:200]}" for one in found[:5]]
