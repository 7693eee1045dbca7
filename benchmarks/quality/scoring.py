"""Costs of held-out tunes, and their sums over the kinds of characters."""
