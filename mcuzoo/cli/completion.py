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
    """Commands, options, boards, models, projects and ports are completed. Where to put the script:

    \b
    bash: ~/.local/share/bash-completion/completions/mcuzoo
          or in ~/.bashrc: source <(mcuzoo completion bash)
    zsh:  as _mcuzoo in a folder of $fpath, before compinit
    fish: ~/.config/fish/completions/mcuzoo.fish
    """
    from mcuzoo.cli.complete import SHELLS
    from mcuzoo.resources import templates_dir

    if shell not in SHELLS:
        raise UsageError(
            f"There is no script for {shell!r}.",
            f"{did_you_mean(shell, SHELLS)}mcuzoo completion bash, zsh or fish.",
        )
    script = templates_dir() / "completion" / f"mcuzoo.{shell}"
    sys.stdout.write(script.read_text(encoding="utf-8"))
