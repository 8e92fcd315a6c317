"""Host engines that run a model and return its integer outputs."""
