"""LoRA adapters as GGUF, for llama.cpp."""
