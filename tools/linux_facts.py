"""Compile the zoo's models for the NPUs of the boards that run Linux, for `mcuzoo models`: write
mcuzoo/zoo/linux_facts.json.

    MCUZOO_MODELS=FOLDER python tools/linux_facts.py    # some minutes; needs mcuzoo's extra `npu`

As tools/zoo_facts.py: by the layers that the registry has, and by those of its INT8 files that are
at hand and whose hash it states. To be run when these boards' files, the registry or Vela's version
have changed.
"""

from __future__ import annotations

import json
import sys

from mcuzoo.board.load import list_linux_boards
from mcuzoo.graph.read import load_model
from mcuzoo.plan.linux_facts import SHIPPED, LinuxFacts, find_linux_facts, linux_document
from mcuzoo.plan.zoo_facts import file_identity, layers_identity
from mcuzoo.zoo.catalog import catalog
from mcuzoo.zoo.find import find_file
from mcuzoo.zoo.structure import build_structure


def main() -> int:
    boards = list_linux_boards()
    facts: dict[str, LinuxFacts] = {}
    missing = []
    for entry in catalog().values():
        print(entry.name, file=sys.stderr, flush=True)
        if entry.structure is not None:
            model = build_structure(entry)
            facts[layers_identity(entry)] = find_linux_facts(model, boards)
        for file in entry.files_of("int8"):
            found = find_file(file)
            if found is not None and found.verified:
                identity = file_identity(entry, found.sha256)
                facts[identity] = find_linux_facts(load_model(found.path), boards)
            elif file.sha256 is not None:
                missing.append(f"{entry.name}: {file.names[0]}")
    if missing:
        print("Not at hand, set MCUZOO_MODELS:", *missing, sep="\n", file=sys.stderr)
        return 2
    text = json.dumps(linux_document(boards, facts), indent=1, sort_keys=True)
    SHIPPED.write_text(f"{text}\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
