"""Get a model file from the web or from the user, and check everything in it."""
