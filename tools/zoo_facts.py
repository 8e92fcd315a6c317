"""Plan the zoo's models on every board, for `mcuzoo models`: write mcuzoo/zoo/facts.json.

    MCUZOO_MODELS=FOLDER python tools/zoo_facts.py      # a minute

By the layers that the registry has, and by those of its INT8 files that are at hand (in
MCUZOO_MODELS or the cache) and whose hash it states. To be run when boards, operators, planner or
registry have changed; tests/plan/test_zoo_facts.py says when. It needs all
of those files.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

from mcuzoo.board.load import list_boards
from mcuzoo.graph.read import load_model
from mcuzoo.plan.zoo_facts import (
    SHIPPED,
    digests,
    file_identity,
    find_facts,
    layers_identity,
)
from mcuzoo.zoo.catalog import catalog
from mcuzoo.zoo.find import find_file
from mcuzoo.zoo.structure import build_structure


def main() -> int:
    boards = list_boards()
    facts: dict[str, Any] = {}
    missing = []
    for entry in catalog().values():
        print(entry.name, file=sys.stderr, flush=True)
        if entry.structure is not None:
            facts[layers_identity(entry)] = asdict(find_facts(build_structure(entry), boards))
        for file in entry.files_of("int8"):
            found = find_file(file)
            if found is not None and found.verified:
                planned = find_facts(load_model(found.path), boards)
                facts[file_identity(entry, found.sha256)] = asdict(planned)
            elif file.sha256 is not None:
                missing.append(f"{entry.name}: {file.names[0]}")
    if missing:
        print("Not at hand, set MCUZOO_MODELS:", *missing, sep="\n", file=sys.stderr)
        return 2
    document = {"boards": digests(boards), "facts": facts}
    SHIPPED.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
