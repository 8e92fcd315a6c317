"""The parameters of a command, read from its function and from its options object."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Any, get_type_hints

from mcuzoo.config.parameters import REQUIRED, parameter, parameters_of
from mcuzoo.options import Option

Board = Annotated[str, Option("One of mcuzoo boards, or a .toml file.", "--board", "-b")]
Json = Annotated[bool, Option("Print one JSON document.", "--json")]


class Command:
    """A function whose parameter `options` is an options object: it takes the fields one by one."""

    def __init__(self, function: Callable[..., None], kind: type[Any] | None) -> None:
        self._function = function
        self._kind = kind
        self.more = inspect.getdoc(function)
        """The part of the help after the first sentence."""
        hints = get_type_hints(function, include_extras=True)
        own = [
            parameter(name, hints[name], one.default)
            for name, one in inspect.signature(function).parameters.items()
            if name != "options"
        ]
        self._fields = () if kind is None else parameters_of(kind)
        self.parameters = (
            *(one for one in own if one.default is REQUIRED),
            *self._fields,
            *(one for one in own if one.default is not REQUIRED),
        )

    def __call__(self, *arguments: Any, **values: Any) -> None:
        if self._kind is not None:
            names = [one.name for one in self._fields if one.name in values]
            values["options"] = self._kind(**{name: values.pop(name) for name in names})
        self._function(*arguments, **values)


def takes(kind: type[Any] | None = None) -> Callable[[Callable[..., None]], Command]:
    """Make a function the command of its name. kind: the class of its options object, if any."""
    return lambda function: Command(function, kind)
