"""Data sets: how they are laid out, how their pictures are decoded and become input tensors."""
