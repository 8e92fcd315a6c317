"""Make the JSON Schemas of mcuzoo/report/schemas from the types of tools/document_types.py.

    python tools/schemas.py [--replace]

A schema that is there and would become another one is refused: a document that changes gets a new
version in mcuzoo/report/schemas/__init__.py. --replace is for versions that no release has had.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from document_types import DOCUMENTS
from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from mcuzoo.report.boards import LEFT_OUT
from mcuzoo.report.schemas import FOLDER, VERSIONS, schema_name

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _AllRequired(GenerateJsonSchema):
    """asdict leaves no field out, whatever its default."""

    def field_is_required(self, field: Any, total: bool) -> bool:
        if field["type"] == "dataclass-field":
            return True
        return super().field_is_required(field, total)


def schema_of(document: str) -> dict[str, Any]:
    """The schema of a document as it is printed now."""
    told, kind = DOCUMENTS[document]
    made = TypeAdapter(kind).json_schema(mode="serialization", schema_generator=_AllRequired)
    definitions = made.pop("$defs", {})
    if document == "boards":
        board = definitions["Board"]
        for name in LEFT_OUT:
            del board["properties"][name]
        board["required"] = [one for one in board["required"] if one not in LEFT_OUT]
    if "$ref" in made:  # of a dataclass
        made = definitions.pop(made["$ref"].rpartition("/")[2])
    name = schema_name(document)
    label = {"const": name}
    for one in [definitions[ref["$ref"].rpartition("/")[2]] for ref in made.get("anyOf", ())] or [
        made
    ]:
        one["properties"] = {"schema": label, **one["properties"]}
        one["required"] = ["schema", *one["required"]]
    whole = {
        "$schema": DIALECT,
        "$id": f"urn:mcuzoo:{name}",
        "description": f"{told}.",
        **_bare(made),
    }
    used = _used(definitions, whole)
    if used:
        whole["$defs"] = {one: _bare(definitions[one]) for one in used}
    return whole


def _bare(node: Any) -> Any:
    """Without titles, prose and defaults, which may change; objects take no other fields."""
    if isinstance(node, list):
        return [_bare(one) for one in node]
    if not isinstance(node, dict):
        return node
    found = {
        key: {name: _bare(one) for name, one in value.items()}
        if key == "properties"
        else _bare(value)
        for key, value in node.items()
        if key not in ("title", "description", "default")
    }
    if "properties" in found:
        found["additionalProperties"] = False
        found.setdefault("required", [])
    return found


def _used(definitions: dict[str, Any], root: Any) -> list[str]:
    """The definitions that `root` refers to, and those that these refer to."""
    found: set[str] = set()
    left = [root]
    while left:
        text = json.dumps(left.pop())
        new = {name for name in definitions if f'"#/$defs/{name}"' in text} - found
        found |= new
        left += [definitions[name] for name in new]
    return sorted(found)


def text_of(document: str) -> str:
    """The file of its schema."""
    return json.dumps(schema_of(document), indent=2) + "\n"


def main(words: list[str]) -> int:
    """Write what is not there; the exit code."""
    changed = []
    for document in VERSIONS:
        path, text = FOLDER / f"{schema_name(document)}.json", text_of(document)
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        if path.is_file() and "--replace" not in words:
            changed.append(path.stem)
            continue
        path.write_text(text, encoding="utf-8")
        print(path.name)
    if changed:
        print(f"changed, so they need a new version: {', '.join(changed)}", file=sys.stderr)
    return bool(changed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
