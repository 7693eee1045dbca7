"""Numbers with nouns, for reports and messages."""


def count_of(number: int, noun: str) -> str:
    """Return a number and a noun, such as ``1 tune`` and ``1,200 tunes``."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
