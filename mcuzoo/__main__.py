"""`python -m mcuzoo`."""

from mcuzoo.cli.main import main

main()
