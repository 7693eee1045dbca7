"""A real browser for tests: Debian's chromium, driven by Playwright."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

_POLLS, _MILLISECONDS = 600, 50
_ARGUMENTS = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]


@contextmanager
def open_browser() -> Iterator[Any]:
    """Start chromium; skip the test without it or Playwright, except in CI."""
    program = shutil.which("chromium")
    if os.environ.get("CI") != "true":
        pytest.importorskip("playwright", reason="Playwright is missing: pip install playwright")
        if program is None:
            pytest.skip("chromium not found: install the Debian package chromium")
    assert program, "CI must install chromium"
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_ARGUMENTS)
        yield browser
        browser.close()


def wait_until(page: Any, expression: str, argument: Any = None) -> None:
    """Wait until a JavaScript expression is true in a page; fail after half a minute.

    Playwright's own ``wait_for_function`` evaluates strings in the page, which the policy of our
    pages forbids, except when the expression is true at once.
    """
    for _ in range(_POLLS):
        if page.evaluate(expression, argument):
            return
        page.wait_for_timeout(_MILLISECONDS)
    raise AssertionError(f"not true: {expression}")
