"""Pages to see and hear tunes on: a gallery in one file, and output in notebooks."""
