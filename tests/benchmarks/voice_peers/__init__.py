"""The systems that the voice benchmark compares, each run in a process of its own."""
