"""What TFLite-Micro does with a tensor arena, computed on the host for a 32-bit target."""
