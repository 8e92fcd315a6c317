"""C arrays, ahead-of-time C, project rendering."""
