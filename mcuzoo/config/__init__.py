"""mcuzoo.toml and MCUZOO_*: what a user says once for all commands. docs/config.md."""
