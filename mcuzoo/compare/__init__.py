"""The same images on several projects: accuracy, outputs by layer, instructions, sizes."""
