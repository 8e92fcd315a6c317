"""Projects that run a model in TFLite-Micro, compiled from the user's own tree of it."""
