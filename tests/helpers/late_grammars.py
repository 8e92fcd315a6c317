"""jsonschema imports rfc3987_syntax, which makes forty parsers for URIs when it is imported: more
than a second of processor time in each worker. Here they are made when a URI is checked."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from types import ModuleType

_NAME = "rfc3987_syntax"


class _Later(ModuleType):
    """Stands for the module until it is needed."""

    def is_valid_syntax(self, term: str, value: str) -> bool:
        if sys.modules.get(_NAME) is self:
            del sys.modules[_NAME]
        return bool(importlib.import_module(_NAME).is_valid_syntax(term, value))


def make_grammars_later() -> None:
    """To be called before anybody imports jsonschema."""
    if _NAME not in sys.modules and importlib.util.find_spec(_NAME) is not None:
        sys.modules[_NAME] = _Later(_NAME)
