"""A user's dataset: found, read as a stream, rendered as prompts. Nothing here leaves the machine."""
