"""From a model to the answers of an emulated board in one call, and the demo of it."""
