"""Pages to see and hear tunes on: a gallery in one file, and a studio to compose in."""
