"""TFLM's INT8 arithmetic in NumPy, one file per family of ops."""
