"""The bundled demo model "signs": procedurally drawn road signs and traffic lights."""

NAME = "signs"
"""Of the data set."""


def is_signs(source: str) -> bool:
    """Whether `source` asks for drawn signs: "signs" or "signs:SEED"."""
    return source == NAME or source.startswith(f"{NAME}:")
