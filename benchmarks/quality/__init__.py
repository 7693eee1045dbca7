"""The quality benchmark: bits per character on held-out tunes, of abcrnn and of rivals."""
