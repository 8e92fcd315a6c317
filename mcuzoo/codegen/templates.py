"""Render the Jinja2 templates under templates/."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from mcuzoo.resources import templates_dir

if TYPE_CHECKING:
    from jinja2 import Environment


def render(template: str, **facts: object) -> str:
    """The text of templates/`template`; a fact that is missing is an error, not a blank."""
    return _environment().get_template(template).render(**facts)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(templates_dir()),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
