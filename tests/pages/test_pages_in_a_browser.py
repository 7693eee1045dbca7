"""Galleries and notebook output in chromium: played, on a phone, in the dark, on paper."""

import os
import re
from pathlib import Path

import pytest
from helpers.browser import open_browser, wait_until

from abcrnn.data.corpus import Corpus
from abcrnn.export.html.document import page
from abcrnn.export.html.fragment import Fragment
from abcrnn.export.html.frame import tune_frame
from abcrnn.export.html.playback import timeline
from abcrnn.notation import read_tune
from abcrnn.pages.gallery import write_gallery

pytestmark = pytest.mark.browser

JIG = """X:1
T:A Jig with a Title <b>"Long"</b> & SupercalifragilisticexpialidociousSupercalifragilistic
C:Trad.
Q:3/8=120
M:6/8
L:1/8
K:D
|:"D"{/e}d2A F2A|"Bbm7"~B2c "^slow"dAF|(3GFG B2 "A7"AFE|1"D"D3 D3:|2 [DFA]3-[DFA]2z|]
W:Words below
"""


@pytest.fixture(scope="module")
def browser():
    with open_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def gallery(tmp_path_factory):
    path = tmp_path_factory.mktemp("gallery") / "tunes.html"
    write_gallery([JIG, JIG.replace("A Jig", "Second"), "no <i>tune"], path, title="Three <tunes>")
    return path


@pytest.fixture
def open_tab(browser):
    """A function that opens a file; at the end, there were no errors and no other requests."""
    seen = []
    contexts = []

    def open_file(path, **options):
        contexts.append(browser.new_context(**options))
        tab = contexts[-1].new_page()
        tab.on("console", lambda message: seen.append(message.text))
        tab.on("pageerror", lambda error: seen.append(str(error)))
        allowed = path.as_uri()
        tab.on("request", lambda request: request.url == allowed or seen.append(request.url))
        tab.goto(allowed)
        return tab

    yield open_file
    for context in contexts:
        context.close()
    assert seen == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_is_wider_than_the_window_and_scores_have_the_colour_of_the_text(
    open_tab, gallery, width, scheme
):
    viewport = {"width": width, "height": 800}
    tab = open_tab(gallery, viewport=viewport, color_scheme=scheme)
    tab.wait_for_selector("#t2 .abcrnn-play")
    assert tab.evaluate("document.documentElement.scrollWidth") == width
    outside = """(width) => [...document.querySelectorAll("body *")].filter((each) => {
      const {left, right} = each.getBoundingClientRect();
      return !each.closest("pre, defs, .abcrnn-status") && right > left
        && (left < -1 || right > width + 1);
    }).map((each) => each.outerHTML.slice(0, 80))"""
    assert tab.evaluate(outside, width) == []
    style = "(name) => getComputedStyle(document.querySelector('#t1 .note path'))[name]"
    text = tab.evaluate("getComputedStyle(document.body).color")
    assert tab.evaluate(style, "stroke") == text
    brightness = [int(part) for part in re.findall(r"\d+", text)[:3]]
    assert (sum(brightness) > 384) == (scheme == "dark")


VOICES = """X:1
T:Voices
M:4/4
L:1/8
K:D
V:1 name="First fiddle" snm="F."
V:2 name="Second fiddle (optional)" snm="WWWWWWWW"
V:1
"_below"B,CDE DEFG|DEFG ABcd|DEFG ABcd|DEFG ABcd|DEFG ABcd|
V:2
DEFG ABcd|DEFG ABcd|DEFG ABcd|DEFG ABcd|DEFG ABcd|
"""


@pytest.mark.parametrize("medium", ["screen", "print"])
@pytest.mark.parametrize("width", [360, 1280])
def test_names_of_voices_are_complete(open_tab, tmp_path, width, medium):
    write_gallery([VOICES], tmp_path / "voices.html")
    tab = open_tab(tmp_path / "voices.html", viewport={"width": width, "height": 800})
    tab.emulate_media(media=medium)
    places = """[...document.querySelectorAll(".label text, .labelAbbr text")].map((text) =>
      [text.textContent, text.getBoundingClientRect().left,
       text.closest(".abcrnn-system").getBoundingClientRect().left])"""
    found = tab.evaluate(places)
    assert {name for name, _, _ in found} >= {"First fiddle", "Second fiddle (optional)", "F."}
    assert all(left > edge for _, left, edge in found)


@pytest.mark.parametrize("width", [360, 1000, 1280])
def test_the_contents_have_room_for_their_numbers(open_tab, tmp_path, width):
    document = page([Fragment(f"t{n}", f"Tune {n} " + "of sand " * 20, "") for n in range(999)], "")
    (tmp_path / "tunes.html").write_text(document, encoding="utf-8")
    tab = open_tab(tmp_path / "tunes.html", viewport={"width": width, "height": 800})
    tab.click("summary")
    places = """[...document.querySelectorAll("li")].map((item) =>
      [item.getBoundingClientRect().left, item.firstChild.getBoundingClientRect().right])"""
    found = tab.evaluate(places)
    lefts = sorted({left for left, _ in found})
    rights = sorted({max(right for at, right in found if at == left) for left in lefts})
    number = 40  # pixels of "999."
    assert [left - right > number for left, right in zip(lefts, [0, *rights], strict=False)] == (
        [True] * len(lefts)
    )
    assert (len(lefts) > 1) == (width > 360)


def test_the_sounding_note_is_lit_in_the_score(open_tab, gallery):
    tab = open_tab(gallery)
    tab.click("#t1 .abcrnn-play")
    tab.wait_for_selector("#t1 .abcrnn-playing")
    lit = "[...document.querySelectorAll('.abcrnn-playing')].map((each) => each.id)"
    wait_until(tab, f"!({lit}).includes('t1v0n0') && ({lit}).length")
    seen = tab.evaluate(f"[Number(document.querySelector('#t1 .abcrnn-slider').value), {lit}]")
    notes = timeline(read_tune(JIG), "t1")["notes"]
    near = [
        set(note["ids"])
        for note in notes
        if note["start"] - 0.2 <= seen[0] <= note["start"] + note["duration"] + 0.2
    ]
    assert seen[1] and set(seen[1]) in near
    tab.click("#t1 .abcrnn-play")


def test_a_click_on_a_note_plays_from_there(open_tab, gallery):
    tab = open_tab(gallery)
    tab.wait_for_selector("#t2 .abcrnn-play")
    note = timeline(read_tune(JIG), "t2")["notes"][-1]
    tab.locator(f"#{note['ids'][0]} use").first.click(force=True)
    tab.wait_for_selector("#t2 .abcrnn-is-playing, #t2.abcrnn-is-playing")
    assert float(tab.input_value("#t2 .abcrnn-slider")) >= note["start"] - 0.01


def test_the_downloads_are_saved_under_the_name_of_the_tune(open_tab, gallery):
    tab = open_tab(gallery)
    for label, ending in (("ABC", "abc"), ("MIDI", "mid"), ("MusicXML", "mxl")):
        with tab.expect_download() as download:
            tab.locator("#t1").get_by_role("link", name=label, exact=True).click()
        assert re.fullmatch(rf"0001-a-jig-[\w-]*\.{ending}", download.value.suggested_filename)


def test_on_paper_each_tune_has_a_page_without_controls(open_tab, gallery, tmp_path):
    tab = open_tab(gallery, color_scheme="dark")
    tab.wait_for_selector("#t1 .abcrnn-play")
    tab.emulate_media(media="print")
    hidden = ("header", "#t1 .abcrnn-player", "#t1 .abcrnn-downloads", "#t1 .abcrnn-text")
    assert not any(tab.locator(each).first.is_visible() for each in hidden)
    assert tab.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    pdf = tab.pdf(format="A4")
    assert len(re.findall(rb"/Type /Page\b", pdf)) == 3


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_on_paper_a_tall_score_is_with_its_title_and_its_nearest_tune(open_tab, tmp_path, paper):
    names = [f"V:{n}\n" for n in range(12)]
    title = "A long title of three lines " * 6
    tune = f"X:1\nT:{title}\nR:reel\nM:4/4\nL:1/8\n{''.join(names)}K:D\n"
    tune += "".join(f"{name}DEFG ABcd|\n" for name in names)
    write_gallery([tune], tmp_path / "tune.html", nearest=Corpus("book", (tune,)))
    tab = open_tab(tmp_path / "tune.html")
    assert tab.locator(".abcrnn-nearest").count() == tab.locator(".abcrnn-system").count() == 1
    for margin in "0", "1.5cm":
        around = dict.fromkeys(("top", "bottom", "left", "right"), margin)
        pdf = tab.pdf(format=paper, margin=around)
        assert len(re.findall(rb"/Type /Page\b", pdf)) == 1


def test_the_output_of_a_notebook_plays_and_cannot_reach_the_notebook(open_tab, tmp_path):
    path = tmp_path / "notebook.html"
    path.write_text(f"<!doctype html><title>x</title>{tune_frame([JIG])}", encoding="utf-8")
    tab = open_tab(path, viewport={"width": 800, "height": 900})
    frame = tab.frame_locator("iframe")
    frame.locator(".abcrnn-play").click()
    frame.locator(".abcrnn-playing").first.wait_for()
    frame.locator(".abcrnn-play").click()
    inside = tab.frames[1]
    reached = inside.evaluate("() => { try { return parent.document.title } catch { return '' } }")
    assert reached == ""
    assert inside.evaluate("origin") == "null"


def test_the_picture_of_the_readme(open_tab, tmp_path):
    """With UPDATE_PICTURES=1, the picture in docs/images is written again."""
    root = Path(__file__).parents[2]
    tune = re.search("```abc\n(.*?)```", (root / "README.md").read_text("utf-8"), re.DOTALL)[1]
    write_gallery([tune], tmp_path / "tune.html")
    tab = open_tab(tmp_path / "tune.html", viewport={"width": 1000, "height": 900})
    tab.wait_for_selector(".abcrnn-play")
    for _ in range(6):
        tab.keyboard.press("ArrowRight")
    assert tab.locator(".abcrnn-playing").count() == 1
    picture = tab.locator("article").screenshot()
    assert len(picture) < 200_000
    file = root / "docs" / "images" / "gallery.png"
    if os.environ.get("UPDATE_PICTURES"):
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(picture)
    assert file.read_bytes().startswith(b"\x89PNG")
