"""Get a model file from the web or from the user, and believe nothing of it unchecked."""
