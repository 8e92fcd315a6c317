"""Rewrite a quantized model so that INT8 runtimes accept it, and say what that changed."""
