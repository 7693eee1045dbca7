"""How fast abcrnn is beside PyTorch, Keras and the lab's loop: ``python -m benchmarks``."""
