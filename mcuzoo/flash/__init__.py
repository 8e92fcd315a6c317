"""Put a project's firmware into the flash of a board, and see that the board runs it."""
