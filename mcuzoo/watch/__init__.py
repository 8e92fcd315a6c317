"""Pictures that come one by one, in a folder or from a camera, answered by a board."""
