"""Projects of boards that run Linux: a folder with the agents and what they run."""
