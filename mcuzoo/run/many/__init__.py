"""A run on several boards: one queue of images, a thread per board."""
