"""A loopback Hub for tests: the protocol of the Hugging Face Hub as huggingface_hub speaks it."""
