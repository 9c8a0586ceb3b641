"""Ways to run a model, each in a process of its own behind one small protocol."""
