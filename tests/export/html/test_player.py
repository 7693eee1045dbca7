"""The controls, keys and highlighted notes of the player, in chromium."""

import re
from itertools import pairwise

import pytest
from helpers.browser import open_browser
from helpers.player_page import midi_notes, page, timeline

pytestmark = pytest.mark.browser

# Stops the clock of the audio except in `advance`, so that no test depends on the speed of the
# machine; counts the sources that are scheduled, and measures what is heard.
_PROBE = """
window.sources = 0;
window.AudioContext = class extends AudioContext {
  constructor() {
    super();
    super.suspend();
    window.context = this;
    this.probe = new AnalyserNode(this, { fftSize: 32768, smoothingTimeConstant: 0 });
    this.probe.connect(super.destination);
  }
  get destination() { return this.probe ?? super.destination; }
  resume() { return this.isRunning ? super.resume() : Promise.resolve(); }
};
for (const name of ["OscillatorNode", "AudioBufferSourceNode"]) {
  window[name] = class extends window[name] {
    constructor(...options) { super(...options); window.sources += 1; }
  };
}
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const frame = () => new Promise(requestAnimationFrame);
window.advance = async (seconds) => {
  const until = context.currentTime + seconds;
  while (context.currentTime < until) {
    context.isRunning = true;
    await context.resume();
    const step = Math.min(context.currentTime + 0.15, until);
    while (context.currentTime < step) await pause(2);
    context.isRunning = false;
    await context.suspend();
    await pause(70); // the player schedules every 60 ms
  }
  let time;
  do { // the clock may still move after it was suspended; the page is drawn once it stands
    time = context.currentTime;
    await frame();
    await frame();
  } while (context.currentTime !== time);
};
window.loudness = () => {
  const heard = new Float32Array(32768);
  context.probe.getFloatTimeDomainData(heard);
  const samples = heard.slice(-2048);
  return Math.sqrt(samples.reduce((sum, x) => sum + x * x, 0) / samples.length);
};
window.loudestFrequency = () => {
  const levels = new Float32Array(context.probe.frequencyBinCount);
  context.probe.getFloatFrequencyData(levels);
  const bin = levels.indexOf(levels.reduce((a, b) => Math.max(a, b)));
  return (bin * context.sampleRate) / 32768;
};
window.seen = () => ({
  time: window.context?.currentTime ?? 0,
  lit: [...document.querySelectorAll(".abcrnn-playing")].map((each) => each.id),
  position: Number(document.querySelector(".abcrnn-slider").value),
  text: document.querySelector(".abcrnn-position").value,
});
"""

JIG = """X:1
T:Test jig
R:jig
M:6/8
L:1/8
Q:3/8=120
K:D
"D"dfa "G"gbg|"A7"age "D"d3:|
"G"bag bag|"D"afd "A"e3:|
"""


@pytest.fixture(scope="module")
def browser():
    with open_browser() as browser:
        yield browser


@pytest.fixture
def show(browser):
    """A function that opens a page with players; at the end, there must be no errors."""
    errors: list[str] = []
    context = browser.new_context(viewport={"width": 900, "height": 700})
    context.set_default_timeout(10_000)
    context.add_init_script(_PROBE)

    def open_page(*timelines, wait_for=".abcrnn-play"):
        tab = context.new_page()
        tab.on("console", lambda message: errors.append(message.text))
        tab.on("pageerror", lambda error: errors.append(str(error)))
        tab.route(
            "**/*", lambda route: route.fulfill(body=page(*timelines), content_type="text/html")
        )
        tab.goto("http://localhost/tunes.html")
        tab.wait_for_selector(wait_for)
        return tab

    yield open_page
    context.close()
    assert not errors


@pytest.fixture
def player(show):
    return show(timeline(JIG))


def test_play_highlights_the_notes_that_the_midi_file_has_at_that_time(show, jigs):
    abc = next(tune for tune in jigs.tunes if "{" not in tune and '"' in tune)
    data = timeline(abc)
    tab = show(data)
    notes, _ = midi_notes(abc)
    tab.click(".abcrnn-play")
    compared = 0
    for _ in range(25):
        seen = _advance(tab, 0.13)
        now = seen["position"] * 60 / data["tempo"]
        if all(abs(now - time) > 0.005 for note in notes for time in note[:2]):
            sounding = [n for n, note in enumerate(notes) if note.start <= now < note.end]
            assert seen["lit"] == [f"t1n{n}" for n in sounding]
            compared += bool(sounding)
    assert compared > 15


def test_highlighted_note_is_the_one_that_is_heard(show):
    notes = [_note(2 * n, 2, 60 + 4 * n, f"t1n{n}") for n in range(4)]
    tab = show({"tempo": 80, "notes": notes})
    tab.get_by_label("Voice").select_option("blown")
    tab.click(".abcrnn-play")
    position = 0.0
    for number in range(4):  # a note takes 1.5 s; the analyser hears the last 0.7 s
        seen = _advance(tab, (2 * number + 1.6 - position) * 0.75)
        position = seen["position"]
        assert 2 * number + 1.2 < position < 2 * number + 2
        assert seen["lit"] == [f"t1n{number}"]
        assert tab.evaluate("loudestFrequency()") == pytest.approx(_hertz(60 + 4 * number), abs=3)


def test_position_moves_at_the_tempo_and_the_tune_ends_at_its_beginning(player):
    player.click(".abcrnn-play")
    before, after = _advance(player, 0.3), _advance(player, 1.5)
    quarters = (after["time"] - before["time"]) * 180 / 60
    assert after["position"] - before["position"] == pytest.approx(quarters, abs=0.02)
    assert _is_playing(player)
    after = _advance(player, 7)
    assert not _is_playing(player)
    assert (after["position"], after["lit"]) == (0, [])
    assert player.inner_text(".abcrnn-status") == "End of the tune"


def test_tempo_changes_while_playing_and_the_pitch_stays(show):
    tab = show({"tempo": 60, "notes": [_note(0, 60, 69, "t1n0")]})
    tab.get_by_label("Voice").select_option("blown")
    tab.click(".abcrnn-play")
    _advance(tab, 0.2)
    for percent in (100, 50, 200):
        _set(tab, "Tempo", percent)
        before, after = _advance(tab, 0.5), _advance(tab, 0.8)
        passed = (after["position"] - before["position"]) / (after["time"] - before["time"])
        assert passed == pytest.approx(percent / 100, abs=0.01)
        assert tab.evaluate("loudestFrequency()") == pytest.approx(440, abs=1.5)
    assert tab.evaluate("sources") == 1  # the note was not started again
    assert tab.inner_text(".abcrnn-tempo") == "200 %, 120 beats/min"


def test_notes_that_were_scheduled_follow_a_change_of_tempo(show):
    tab = show({"tempo": 240, "notes": [_note(n, 0.5, 69, f"t1n{n}") for n in range(400)]})
    tab.get_by_label("Voice").select_option("blown")
    tab.click(".abcrnn-play")
    for percent in (50, 200, 25, 100) * 3:
        _set(tab, "Tempo", percent)
        _advance(tab, 0.1)
    _set(tab, "Tempo", 25)
    _advance(tab, 0.6)
    # There is one note a second, which sounds for half of it.
    kinds = set()
    for _ in range(20):
        seen = _advance(tab, 0.12)
        part = seen["position"] % 1
        if 0.1 < part < 0.48:
            assert seen["lit"] and tab.evaluate("loudness()") > 0.05
        elif 0.7 < part < 0.88:
            assert not seen["lit"] and tab.evaluate("loudness()") < 0.005
        kinds.add(bool(seen["lit"]))
    assert kinds == {True, False}


def test_loop_repeats_its_bars(player):
    player.get_by_role("combobox", name="Loop").select_option("bars")
    player.get_by_label("First bar").fill("2")
    player.get_by_label("Last bar").fill("2")
    player.keyboard.press("Tab")
    assert player.inner_text(".abcrnn-status") == "Loop: Bars 2 to 2"
    player.click(".abcrnn-play")
    positions = [_advance(player, 0.3)["position"] for _ in range(12)]
    assert min(positions) >= 3 and max(positions) < 6
    assert sum(after < before for before, after in pairwise(positions)) >= 3
    player.get_by_role("combobox", name="Loop").select_option("")
    assert _advance(player, 1.2)["position"] >= 6


@pytest.mark.parametrize(
    ("first", "last", "heard", "start"),
    [
        ("2", "99", "2 to 4", 3),
        ("99", "99", "4 to 4", 15),
        ("-7", "1.2", "1 to 1", 0),
        ("", "", "1 to 4", 0),
    ],
)
def test_loop_of_bars_outside_the_tune_is_of_the_nearest_bars(player, first, last, heard, start):
    player.get_by_role("combobox", name="Loop").select_option("bars")
    player.get_by_label("Last bar").fill(last)
    player.get_by_label("First bar").fill(first)
    player.keyboard.press("Tab")
    assert player.inner_text(".abcrnn-status") == f"Loop: Bars {heard}"
    fields = [player.get_by_label(name).input_value() for name in ("First bar", "Last bar")]
    assert " to ".join(fields) == heard
    assert _seen(player)["position"] == start


def test_loop_of_bars_in_another_order_than_played_says_so(show):
    notes = [_note(n, 1, 60, f"t1n{n}") for n in range(8)]
    bars = [{"start": 4 * n, "duration": 4, "index": 1 - n} for n in range(2)]
    tab = show({"tempo": 60, "notes": notes, "bars": bars})
    tab.get_by_role("combobox", name="Loop").select_option("bars")
    expected = "Loop: Bars 1 to 2 are not played in this order; the loop is off"
    assert tab.inner_text(".abcrnn-status") == expected


def test_loop_of_a_section_and_of_bars_in_the_wrong_order(player):
    player.get_by_role("combobox", name="Loop").select_option("bars")
    player.get_by_label("First bar").fill("3")
    player.get_by_label("Last bar").fill("1")
    player.keyboard.press("Tab")
    assert player.get_by_label("Last bar").input_value() == "3"
    assert _seen(player)["position"] == 12  # the loop's beginning, after the repeat
    player.get_by_role("combobox", name="Loop").select_option(label="Section A1")
    assert player.inner_text(".abcrnn-status") == "Loop: Section A1"
    assert player.get_by_label("Last bar").is_hidden()


def test_count_in_is_heard_before_the_first_note(player):
    player.get_by_label("Count-in").check()
    player.click(".abcrnn-play")
    seen = _advance(player, 0.09)
    assert (seen["text"], seen["lit"], seen["position"]) == ("Count-in", [], 0)
    assert player.evaluate("loudness()") > 0.01
    assert _advance(player, 0.7)["position"] == 0
    seen = _advance(player, 0.4)  # a bar takes one second
    assert seen["lit"] and 0 < seen["position"] < 1.5


def test_options_changed_during_the_count_in_start_it_again(player):
    player.get_by_label("Count-in").check()
    player.click(".abcrnn-play")
    _advance(player, 0.8)
    _set(player, "Tempo", 50)
    assert _advance(player, 1.5)["text"] == "Count-in"
    assert _advance(player, 0.8)["position"] > 0


def test_chords_can_be_muted_while_playing(show):
    notes = [_note(0, 0.25, 69, "t1n0")]
    chords = [{"start": 0, "duration": 40, "pitches": [50, 54, 57]}]
    tab = show({"tempo": 60, "length": 40, "notes": notes, "chords": chords})
    tab.click(".abcrnn-play")
    _advance(tab, 0.9)
    assert tab.evaluate("loudness()") > 0.005
    tab.get_by_label("Chords").uncheck()
    _advance(tab, 0.3)
    assert tab.evaluate("loudness()") < 0.0001
    assert tab.inner_text(".abcrnn-status") == "Chords: off"
    tab.get_by_label("Chords").check()
    _advance(tab, 0.2)
    assert tab.evaluate("loudness()") > 0.001


def test_space_bar_plays_and_pauses_wherever_it_has_no_other_use(player):
    player.keyboard.press(" ")  # nothing has the focus, and there is one tune
    assert _is_playing(player)
    player.keyboard.press(" ")
    assert not _is_playing(player)
    player.focus(".abcrnn-play")
    player.keyboard.press(" ")
    assert _is_playing(player)
    player.get_by_label("Count-in").focus()
    player.keyboard.press(" ")
    assert player.get_by_label("Count-in").is_checked() and _is_playing(player)
    player.focus(".abcrnn-slider")
    player.keyboard.press(" ")
    assert not _is_playing(player)
    player.keyboard.press("Control+ ")
    assert not _is_playing(player)


def test_arrow_keys_move_by_bars_and_home_to_the_beginning(player):
    def press(key):
        player.keyboard.press(key)
        return _seen(player)["position"]

    assert [press("ArrowRight") for _ in range(3)] == [3, 6, 9]
    assert _seen(player)["text"] == "Bar 2, section A2"
    assert _seen(player)["lit"] == ["t1n16"]
    assert press("ArrowLeft") == 6
    assert press("Home") == 0
    assert press("ArrowLeft") == 0
    assert [press("ArrowRight") for _ in range(20)][-1] == 21
    player.focus(".abcrnn-slider")
    assert press("ArrowLeft") == 18
    player.get_by_label("Tempo").focus()
    assert press("ArrowLeft") == 18  # it changes the tempo
    assert player.inner_text(".abcrnn-tempo").startswith("95 %")


def test_arrow_keys_while_playing(player):
    player.click(".abcrnn-play")
    _advance(player, 0.2)
    player.keyboard.press("ArrowRight")
    assert _seen(player)["position"] == 3
    assert 3 < _advance(player, 0.2)["position"] < 3.7
    player.keyboard.press("ArrowLeft")  # shortly after the beginning of a bar: the one before
    assert _seen(player)["position"] == 0
    assert _advance(player, 0.6)["position"] > 1
    player.keyboard.press("ArrowLeft")  # later in a bar: its beginning
    assert _seen(player)["position"] == 0
    assert _is_playing(player)


def test_click_on_a_note_plays_from_there(player):
    player.click("#t1n4")
    assert _is_playing(player)
    assert _seen(player)["position"] == 2
    assert _advance(player, 0.1)["lit"] == ["t1n4"]
    player.click("#t1n20")
    assert _seen(player)["position"] == 12
    assert _advance(player, 0.1)["lit"] == ["t1n20"]
    assert player.evaluate("loudness()") > 0.01


def test_click_on_a_repeated_note_takes_its_nearest_occurrence(show):
    notes = [_note(n, 1, 60, f"t1n{n % 8}") for n in range(16)]
    bars = [{"start": 4 * n, "duration": 4, "index": n % 2} for n in range(4)]
    tab = show({"tempo": 60, "notes": notes, "bars": bars})
    tab.click("#t1n2")
    assert _seen(tab)["position"] == 2
    for _ in range(2):
        tab.keyboard.press("ArrowRight")
    assert _seen(tab)["position"] == 8
    tab.click("#t1n2")
    assert _seen(tab)["position"] == 10


def test_only_one_of_two_players_sounds_and_keys_apply_to_it(show):
    tab = show(timeline(JIG, "t1"), timeline(JIG, "t2"))
    first, second = tab.locator("#t1 .abcrnn-play"), tab.locator("#t2 .abcrnn-play")
    tab.keyboard.press(" ")  # two tunes, none used yet: the page scrolls
    assert first.inner_text() == second.inner_text() == "Play"
    first.click()
    _advance(tab, 0.2)
    second.click()
    assert (first.inner_text(), second.inner_text()) == ("Play", "Pause")
    _advance(tab, 0.2)
    assert tab.locator("#t2 .abcrnn-playing").count() == 1
    assert "Paused" in tab.inner_text("#t1 .abcrnn-status")
    tab.keyboard.press(" ")
    assert (first.inner_text(), second.inner_text()) == ("Play", "Play")
    _advance(tab, 0.4)
    assert tab.evaluate("loudness()") < 1e-4
    tab.click("#t1n0")
    assert (first.inner_text(), second.inner_text()) == ("Pause", "Play")


@pytest.mark.parametrize("data", [{}, {"tempo": 100, "notes": [], "bars": [], "sections": []}])
def test_tune_without_notes_says_so(show, data):
    tab = show(data)
    assert tab.locator(".abcrnn-player >> text=There is nothing to play.").is_visible()
    assert tab.is_disabled(".abcrnn-play")
    for key in (" ", "ArrowRight", "ArrowLeft", "Home"):
        tab.keyboard.press(key)


def test_ids_that_the_page_does_not_have_and_hostile_titles_are_harmless(show):
    data = {**timeline(JIG), "title": "</script><img src=x onerror=alert(1)>"}
    for note in data["notes"]:
        note["ids"] = [*note["ids"], "t1 no'such\"thing"]
    data["sections"][0]["name"] = "<b onclick='x'>"
    tab = show(data)
    tab.evaluate("document.querySelectorAll('.note').forEach((each) => each.remove())")
    tab.click(".abcrnn-play")
    assert tab.locator("img, b").count() == 0
    assert _seen(tab)["text"] == "Bar 1, section <b onclick='x'>"


def test_tune_of_ten_minutes_is_scheduled_little_by_little(show):
    notes = [_note(n / 4, 0.25, 60 + n % 12, f"t1n{n}") for n in range(4800)]
    tab = show({"tempo": 120, "notes": notes})
    tab.click(".abcrnn-play")
    _advance(tab, 1)
    assert 8 <= tab.evaluate("sources") < 16
    tab.evaluate("""() => {
      document.querySelector(".abcrnn-slider").value = 1199;
      document.querySelector(".abcrnn-slider").dispatchEvent(new Event("input"));
    }""")
    seen = _advance(tab, 0.2)
    assert seen["position"] > 1199
    assert seen["lit"] == [f"t1n{int(4 * seen['position'])}"]
    assert tab.evaluate("sources") < 30


def test_players_far_from_the_visible_part_are_built_when_they_come_near(show):
    tab = show(*[timeline(JIG, f"t{n}") for n in range(1, 41)])
    assert 1 < tab.locator(".abcrnn-play").count() < 20
    tab.locator("#t40").scroll_into_view_if_needed()
    tab.wait_for_selector("#t40 .abcrnn-play")


@pytest.mark.parametrize(
    ("motion", "behavior"), [("reduce", "instant"), ("no-preference", "smooth")]
)
def test_score_is_followed_with_the_motion_that_the_reader_prefers(show, motion, behavior):
    notes = [_note(n / 4, 0.25, 60, f"t1n{n}") for n in range(800)]
    bars = [{"start": n, "duration": 1, "index": n} for n in range(200)]
    tab = show({"tempo": 60, "notes": notes, "bars": bars})
    tab.emulate_media(reduced_motion=motion)
    tab.evaluate("""() => {
      window.scrolled = [];
      Element.prototype.scrollIntoView = function (options) { scrolled.push(options.behavior); };
    }""")
    tab.click("#t1n0")
    _advance(tab, 0.4)
    assert tab.evaluate("scrolled") == []
    tab.evaluate("""() => {
      document.querySelector(".abcrnn-slider").value = 190;
      document.querySelector(".abcrnn-slider").dispatchEvent(new Event("input"));
    }""")
    _advance(tab, 0.1)
    assert tab.evaluate("scrolled") == [behavior]


def test_every_control_has_a_name_and_a_visible_focus(player):
    player.get_by_role("combobox", name="Loop").select_option("bars")
    tree = player.locator(".abcrnn-player").aria_snapshot()
    for control in (
        "button \"Play\"", "slider \"Position\"", "slider \"Tempo", "combobox \"Voice\"",
        "combobox \"Loop\"", "spinbutton \"First bar of the loop\"",
        "spinbutton \"Last bar of the loop\"", "checkbox \"Chords\"", "checkbox \"Count-in\"",
    ):  # fmt: skip
        assert control in tree
    assert 'group "Player: Test jig"' in tree
    player.focus("body")
    visited = set()
    for _ in range(9):
        player.keyboard.press("Tab")
        width = player.evaluate("getComputedStyle(document.activeElement).outlineWidth")
        assert width == "3px"
        visited.add(
            player.evaluate("[...document.querySelectorAll('*')].indexOf(document.activeElement)")
        )
    assert len(visited) == 9


def test_state_changes_are_announced(player):
    status = player.locator(".abcrnn-status")
    assert status.get_attribute("role") == "status"
    player.click(".abcrnn-play")
    assert status.inner_text() == "Playing, Bar 1, section A1"
    player.click(".abcrnn-play")
    assert re.match("Paused, Bar 1", status.inner_text())
    player.get_by_label("Voice").select_option("blown")
    assert status.inner_text() == "Voice: Blown"
    player.get_by_label("Count-in").check()
    assert status.inner_text() == "Count-in: on"
    player.keyboard.press("Home")
    assert status.inner_text() == "Beginning of the tune"


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_controls_fit_and_do_not_overlap(player, width, scheme):
    player.emulate_media(color_scheme=scheme)
    player.set_viewport_size({"width": width, "height": 700})
    player.get_by_role("combobox", name="Loop").select_option("bars")
    controls = player.locator(".abcrnn-player :is(button, input, select, output)")
    boxes = controls.evaluate_all("""each => each.map((one) => {
      const { left, top, right, bottom } = one.getBoundingClientRect();
      return [left, top, right, bottom];
    })""")
    assert player.evaluate("document.documentElement.scrollWidth") <= width
    for number, (left, top, right, bottom) in enumerate(boxes):
        assert 0 <= left < right <= width
        for other in boxes[number + 1 :]:
            assert right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top


def _note(start, duration, pitch, id):
    return {"start": start, "duration": duration, "pitch": pitch, "velocity": 0.71, "ids": [id]}


def _hertz(pitch) -> float:
    return 440 * 2 ** ((pitch - 69) / 12)


def _is_playing(tab) -> bool:
    return tab.inner_text(".abcrnn-play") == "Pause"


def _seen(tab) -> dict:
    """Return what is highlighted, the position and its text, and the time of the audio."""
    return tab.evaluate("seen()")


def _advance(tab, seconds) -> dict:
    """Let the audio play for some seconds; return what is seen then."""
    tab.evaluate(f"advance({seconds})")
    return _seen(tab)


def _set(tab, label, value):
    """Move a slider."""
    tab.get_by_label(label).evaluate(
        "(input, value) => { input.value = value; input.dispatchEvent(new Event('input')); }", value
    )
