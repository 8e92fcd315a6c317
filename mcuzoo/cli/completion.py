"""mcuzoo completion: the script that lets a shell complete mcuzoo's words."""

from __future__ import annotations

import sys
from typing import Annotated

from mcuzoo.cli.options import takes
from mcuzoo.errors import UsageError, did_you_mean
from mcuzoo.options import Argument

EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("bash",),
    ("zsh",),
    ("fish",),
)


@takes()
def completion(
    shell: Annotated[str, Argument("bash, zsh or fish.", metavar="SHELL")],
) -> None:
    """\b
    bash: mcuzoo completion bash > ~/.local/share/bash-completion/completions/mcuzoo
    zsh:  mcuzoo completion zsh > DIR/_mcuzoo, a DIR of $fpath, before compinit
    fish: mcuzoo completion fish > ~/.config/fish/completions/mcuzoo.fish

    Or for one shell of bash: source <(mcuzoo completion bash). Commands, options, boards, models,
    projects and ports are completed."""
    from mcuzoo.cli.complete import SHELLS
    from mcuzoo.resources import templates_dir

    if shell not in SHELLS:
        raise UsageError(
            f"There is no script for {shell!r}.",
            f"{did_you_mean(shell, SHELLS)}mcuzoo completion bash, zsh or fish.",
        )
    script = templates_dir() / "completion" / f"mcuzoo.{shell}"
    sys.stdout.write(script.read_text(encoding="utf-8"))
