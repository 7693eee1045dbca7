"""The page of the studio in a real browser."""

import os
import re
from pathlib import Path

import pytest
from helpers.browser import open_browser, wait_until
from helpers.studio_process import parsed, running_studio

from abcrnn.composition.request_checks import unmet_requests
from abcrnn.composition.requests import Requests

pytestmark = pytest.mark.browser

SIZES = [(1280, "light"), (1280, "dark"), (360, "light"), (360, "dark")]
HOSTILE = "<script>window.hacked = 1</script><img src=x onerror='window.hacked=1'>\"&amp;'"


@pytest.fixture(scope="module")
def browser():
    with open_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("studio")


@pytest.fixture(scope="module")
def studio(trained, folder):
    with running_studio(trained, "--folder", folder) as client:
        yield client


@pytest.fixture
def visit(browser, studio):
    """A function that opens the page; at the end: no errors, no requests to elsewhere."""
    errors, requested, contexts = [], [], []

    def open_page(width=1280, scheme="light", address=studio.address):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(120_000)
        page.on("console", lambda m: m.type in ("error", "warning") and errors.append(m.text))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("request", lambda request: requested.append(request.url))
        page.goto(address)
        page.wait_for_url(re.compile("#[0-9a-f]{16}"))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not errors
    assert requested
    assert all(url.startswith((studio.base, "data:")) for url in requested)


def compose(page, tunes=1, seed=5):
    page.get_by_label("Tunes", exact=True).fill(str(tunes))
    page.get_by_label("Seed", exact=True).fill(str(seed))
    page.get_by_role("button", name="Compose", exact=True).click()
    page.locator("#fresh-tunes li").nth(tunes - 1).wait_for()
    page.locator("#work .abcrnn-play").first.wait_for()


def text_of(page):
    return page.get_by_label("ABC text").input_value()


def is_clipped(page):
    """Whether the page is wider than the window, or a control is outside of it."""
    return page.evaluate(
        """() => document.documentElement.scrollWidth > innerWidth
        || [...document.querySelectorAll("button, select, input, textarea")].some((each) => {
          const { left, right, width } = each.getBoundingClientRect();
          return width > 0 && (left < 0 || right > innerWidth + 1);
        })"""
    )


def contrast(*colors):
    """Return the contrast of two colours, as in WCAG 2."""
    values = [[channel / 255 for channel in color[:3]] for color in colors]
    linear = [[c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in each]
              for each in values]  # fmt: skip
    light, dark = sorted((0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in linear), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_a_tune_is_composed_changed_kept_and_found_in_the_history(visit, folder):
    page = visit()
    compose(page, tunes=2)
    composed = text_of(page)
    page.locator(".bar").nth(1).click()
    page.get_by_role("button", name=re.compile("^Regenerate bar ")).click()
    alternatives = page.locator(".alternative")
    alternatives.nth(2).wait_for()
    alternatives.first.locator(".abcrnn-play").wait_for()  # it can be heard before it is accepted
    alternatives.first.get_by_role("button", name="Accept").click()
    page.locator(".bar.changed").wait_for()
    changed = text_of(page)
    bars = page.locator(".bar code").all_inner_texts()
    assert changed != composed and page.locator(".bar.changed").count() == 1
    assert changed.replace(bars[1].rstrip("|"), "", 1)[:40] == composed[:40]
    page.locator(".is-changed").first.wait_for(state="attached")

    page.get_by_role("button", name="Back").click()
    wait_until(page, "text => document.querySelector('#abc').value === text", composed)
    page.get_by_role("button", name="Forward").click()
    wait_until(page, "text => document.querySelector('#abc').value === text", changed)
    page.go_back()
    wait_until(page, "text => document.querySelector('#abc').value === text", composed)
    page.go_forward()
    wait_until(page, "text => document.querySelector('#abc').value === text", changed)

    page.get_by_role("button", name="Keep", exact=True).click()
    page.locator(".step[aria-current] .badge", has_text="kept").wait_for()
    assert changed in parsed(folder / "kept.abc")[-1]
    page.reload()
    page.locator("#abc").wait_for()
    assert text_of(page) == changed and page.locator(".step").count() == 3


def test_a_second_tab_does_not_disturb_the_first(visit):
    first = visit()
    compose(first, seed=5)
    before = text_of(first)
    second = visit()
    compose(second, seed=6)
    assert first.url.split("#")[1][:16] != second.url.split("#")[1][:16]
    assert text_of(first) == before != text_of(second)
    assert first.locator(".step").count() == second.locator(".step").count() == 1


def test_everything_is_done_by_keyboard(visit):
    page = visit()
    page.get_by_label("Tunes", exact=True).focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("1")
    page.keyboard.press("Enter")
    page.locator("#work .abcrnn-play").wait_for()
    page.locator(".bar").first.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert page.locator('.bar[aria-pressed="true"]').count() == 1
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Enter")
    assert page.locator('.bar[aria-pressed="true"]').count() == 2
    names = page.evaluate(
        """() => [...document.querySelectorAll("button, select, input, textarea")]
        .filter((each) => each.offsetParent && !each.textContent.trim() && !each.labels?.length
          && !each.ariaLabel).map((each) => each.outerHTML)"""
    )
    assert not names  # each control has a label


def test_the_link_to_the_tune_moves_the_focus_and_nothing_else(visit):
    page = visit()
    compose(page)
    before = page.url, page.locator("#status").inner_text()
    page.get_by_role("link", name="Skip to the tune").press("Enter")
    assert page.evaluate("document.activeElement.id") == "work"
    assert (page.url, page.locator("#status").inner_text()) == before
    assert page.locator(".step").count() == 1


@pytest.mark.parametrize("name", ["work", "../../etc", "%00", ""])
def test_an_address_without_a_session_keeps_the_open_one(visit, name):
    page = visit()
    compose(page)
    before, text = page.url, text_of(page)
    page.evaluate("name => { location.hash = name; }", name)
    wait_until(page, "before => location.href === before", before)
    assert text_of(page) == text and page.locator(".step").count() == 1
    assert not name or "the open one stays" in page.locator("#status").inner_text()


def test_a_page_whose_address_names_no_session_begins_one_and_says_so(visit, studio):
    page = visit(address=f"{studio.address}#../../etc")
    page.locator("#status", has_text="a new session begins").wait_for()
    compose(page)
    assert page.locator(".step").count() == 1


def test_the_focus_stays_where_the_user_works(visit):
    page = visit()
    compose(page)

    def press(control, focused):
        control.focus()
        page.keyboard.press("Enter")
        wait_until(page, f"() => document.activeElement.matches({focused!r})")

    def button(name):
        return page.get_by_role("button", name=name, exact=True)

    press(button("Keep"), "#keep + button")
    page.locator(".bar").nth(1).click()
    page.get_by_role("button", name=re.compile("^Regenerate bar ")).click()
    page.locator("#status", has_text="Done.").wait_for()
    press(page.get_by_role("button", name="Accept").first, "#tune-title")
    press(button("Transpose"), "#tune-title")
    text = page.get_by_label("ABC text")
    text.fill(text_of(page).replace("T:", "T:My "))
    press(button("Apply the text"), "#tune-title")
    press(page.locator('.step[data-node="1"]'), '.step[data-node="1"][aria-current]')
    press(button("Back"), "#forward")  # at the root
    for number in (1, 2):
        press(button("Forward"), "#forward")
        page.locator(f'.step[data-node="{number}"][aria-current]').wait_for()
    press(button("Forward"), "#back")  # at the end


def test_the_list_of_sessions_shows_the_open_one(browser, trained, tmp_path):
    with running_studio(trained, "--folder", tmp_path) as client:
        earlier = client.begin()
        client.ask("edit", session=earlier, node=None, abc="X:1\nT:Old\nK:C\nC8|]")
    with running_studio(trained, "--folder", tmp_path) as client:
        page = browser.new_page()
        page.goto(client.address)
        page.locator("#compose:enabled").wait_for()
        own, sessions = page.url, page.locator("#sessions")
        sessions.select_option(earlier)
        page.locator("#tune-title", has_text="Old").wait_for()
        sessions.select_option("")  # this session
        page.locator("#empty").wait_for()
        assert page.url == own and sessions.input_value() == ""
        page.go_back()
        page.locator("#tune-title", has_text="Old").wait_for()
        assert sessions.input_value() == earlier
        page.get_by_role("button", name="Begin a new session").click()
        page.locator("#empty").wait_for()
        assert sessions.input_value() == "" and page.url != own and earlier not in page.url
        page.close()


def test_the_text_is_checked_while_it_is_typed(visit):
    page = visit()
    compose(page)
    page.get_by_label("ABC text").fill("X:1\nM:6/8\nK:D\nABc def|gab agfe|]")
    problem = page.locator("#problems li", has_text="the bar is too long: 7 of 6 eighths")
    problem.wait_for()
    page.get_by_role("button", name="Apply the text").click()
    page.locator(".step[aria-current]", has_text="Edited").wait_for()  # it is open
    page.locator("#transposition").select_option("by:2")
    page.get_by_role("button", name="Transpose", exact=True).click()
    wait_until(page, "() => document.querySelector('#abc').value.includes('K:E')")
    page.get_by_role("button", name="Show surprise").click()
    page.locator(".bar.tinted").first.wait_for()
    page.get_by_role("button", name="Generate again").click()
    page.locator("#status", has_text="the same bytes").wait_for()


def test_hostile_titles_are_shown_as_text(visit):
    page = visit()
    compose(page)
    page.get_by_label("ABC text").fill(
        f'X:1\nT:{HOSTILE}\nM:4/4\nL:1/8\nK:C\n"^{HOSTILE[:20]}"C8|]'
    )
    page.get_by_role("button", name="Apply the text").click()
    page.locator("#tune-title", has_text="<script>").wait_for()
    page.locator("#work .abcrnn-play").wait_for()
    assert page.evaluate("window.hacked") is None
    assert "<script>" in page.locator(".step[aria-current] .step-title").inner_text()


def test_a_page_of_another_origin_can_neither_read_nor_compose(browser, studio):
    page = browser.new_page()
    page.route("http://evil.example/", lambda route: route.fulfill(body="<p>Other page</p>"))
    page.goto("http://evil.example/")
    answers = page.evaluate(
        """async ([base, token]) => {
          const ask = async (mode, headers) => {
            try {
              const response = await fetch(`${base}/api/begin`, {
                method: "POST", mode, body: "{}", headers });
              return response.type === "opaque" ? "opaque" : await response.text();
            } catch (error) { return error.name; }
          };
          const read = await fetch(`${base}/?token=${token}`).then((r) => r.text(), (e) => e.name);
          const json = { "Content-Type": "application/json", "X-Abcrnn-Token": token };
          return [read, await ask("cors", json), await ask("no-cors", {})];
        }""",
        [studio.base, studio.token],
    )
    assert answers[:2] == ["TypeError", "TypeError"] and answers[2] in ("opaque", "TypeError")
    page.close()


@pytest.mark.parametrize(("width", "scheme"), SIZES)
def test_nothing_is_clipped(visit, width, scheme, tmp_path):
    page = visit(width, scheme)
    assert not is_clipped(page)
    compose(page)
    page.get_by_role("button", name="Show surprise").click()
    page.locator(".tinted").first.wait_for()
    assert not is_clipped(page)
    colors = page.evaluate(
        """() => {
          const { backgroundColor, color } = getComputedStyle(document.body);
          return [backgroundColor, color];
        }"""
    )
    light, dark = (sum(map(int, re.findall(r"\d+", color)[:3])) for color in colors)
    assert (light > dark) == (scheme == "light")
    page.screenshot(path=screenshots(tmp_path) / f"studio-{width}-{scheme}.png")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_bar_of_the_strongest_surprise_has_enough_contrast(visit, scheme):
    page = visit(scheme=scheme)
    colors = page.evaluate(
        """() => {
          const bar = document.createElement("button");
          bar.className = "bar changed tinted";
          bar.style.setProperty("--tint", 1);
          bar.innerHTML = ["bar-number", "badge", "bits"].map((each) =>
            `<span class="${each}">1</span>`).join("");
          const work = document.getElementById("work");
          work.append(bar);
          return [work, bar].map((each) => getComputedStyle(each).backgroundColor)
            .concat([...bar.children].map((each) => getComputedStyle(each).color));
        }"""
    )
    surface, tint, *texts = [[float(n) for n in re.findall(r"[\d.]+", each)] for each in colors]
    *tint, alpha = tint
    behind = [alpha * a + (1 - alpha) * b for a, b in zip(tint, surface, strict=True)]
    assert all(contrast(text, behind) >= 4.5 for text in texts)


def test_nothing_is_composed_before_the_session_is_open(browser, studio):
    page, held = browser.new_page(), []
    page.route("**/api/begin", lambda route: held.append(route))
    page.goto(studio.address)
    page.locator("[name=tonic] option").nth(3).wait_for(state="attached")
    assert page.get_by_role("button", name="Compose", exact=True).is_disabled()
    while not held:
        page.wait_for_timeout(20)
    held[0].continue_()
    page.locator("#compose:enabled").wait_for()
    page.close()


@pytest.mark.slow
def test_the_packaged_model_composes_as_requested(browser, tmp_path, monkeypatch):
    """Makes the picture of docs/studio.md."""
    monkeypatch.chdir(tmp_path)  # so that the page names the folder as a user sees it
    with running_studio() as client:
        page = browser.new_page(viewport={"width": 1280, "height": 960})
        page.set_default_timeout(240_000)
        page.goto(client.address)
        for label, value in (("Form", "AABB"), ("Bars", "16"), ("Seed", "3"), ("Tunes", "1")):
            page.get_by_label(label, exact=True).fill(value)
        page.locator("[name=tonic]").select_option("G")
        page.locator("[name=meter]").select_option("6/8")
        page.get_by_role("button", name="Compose", exact=True).click()
        page.locator("#work .abcrnn-play").wait_for()
        assert unmet_requests(Requests("G", "6/8", None, 16, "AABB"), text_of(page)) == []
        page.locator(".bar").nth(5).click()
        page.get_by_role("button", name=re.compile("^Regenerate bar ")).click()
        page.locator(".alternative .abcrnn-play").nth(2).wait_for()
        page.get_by_role("button", name="Accept").first.click()
        page.locator(".bar.changed").wait_for()
        page.locator("#work .abcrnn-play").wait_for()
        page.evaluate("scrollTo(0, 0)")
        page.screenshot(path=screenshots(tmp_path) / "studio.png")
        page.close()


def screenshots(default):
    """Return the folder for pictures of the page."""
    return Path(os.environ.get("ABCRNN_SCREENSHOTS", default))
