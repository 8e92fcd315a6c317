"""A network from the list of its layers, for figures that need no weights."""
