"""Rewrite a quantized model so that INT8 runtimes accept it, and report what changed."""
