"""The model in memory: tensors, ops, quantization; read, verify and inspect .tflite files."""
