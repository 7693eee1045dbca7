"""Speed of abcrnn compared with PyTorch and Keras: ``python -m benchmarks``."""
