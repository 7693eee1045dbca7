"""Text of sampled tunes: how they begin, and where they end."""

from __future__ import annotations

from abcrnn.data.store import BOUNDARY
from abcrnn.notation import split_tunebook, tune_body


def require_tune_prompt(prompt: str) -> None:
    """Raise ``ValueError`` unless a tune can begin with the prompt."""
    if not prompt.startswith("X:"):
        raise ValueError(
            f"a tune begins with X:, and so must its prompt, such as 'X:1\\nK:D\\n'; not {prompt!r}"
        )
    if BOUNDARY in prompt:
        raise ValueError(
            f"the prompt must not contain a blank line, which ends a tune; not {prompt!r}"
        )


def header_prompt(
    title: str | None = None,
    rhythm: str | None = None,
    meter: str | None = None,
    key: str | None = None,
) -> str:
    r"""Return a prompt of header fields, in the order of ABC 2.1, section 3.

    ``K:`` ends a header: with a key, the model continues with the music; without one,
    it continues the header.

    Parameters
    ----------
    title, rhythm, meter, key : str, optional
        Values of ``T:``, ``R:``, ``M:`` and ``K:``. A field without a value is left out.

    Returns
    -------
    str
        Such as ``"X:1\nM:6/8\nK:D\n"``.

    Raises
    ------
    ValueError
        If a field is not one line of text.
    """
    lines = ["X:1"]
    fields = {"T": title, "R": rhythm, "M": meter, "K": key}
    for letter, value in fields.items():
        if value is None:
            continue
        if not value.strip() or "\n" in value:
            raise ValueError(f"the field {letter}: must be one line of text, not {value!r}")
        lines.append(f"{letter}:{value.strip()}")
    return "\n".join(lines) + "\n"


def find_tune(text: str, prompt_length: int, max_length: int) -> tuple[bool, str | None]:
    """Return whether a stream has ended, and its tune if that is complete.

    Parameters
    ----------
    text : str
        Of the stream so far: the blank line, the prompt and what was sampled.
    prompt_length : int
        Number of characters of the blank line and the prompt.
    max_length : int
    """
    begin = len(BOUNDARY)
    end = text.find(BOUNDARY, max(begin, prompt_length - 1))
    if end < 0:
        return len(text) >= max_length + 2 * begin, None
    tunes, fragments = split_tunebook(text[begin:end])
    if len(tunes) != 1 or fragments or end - begin > max_length or not tune_body(tunes[0].text):
        return True, None
    return True, tunes[0].text
