"""Galleries: the file, hostile text, and the command."""

import base64
import io
import re
import zipfile
from html.parser import HTMLParser

import mido
import pytest

import abcrnn
from abcrnn.cli import main
from abcrnn.data.corpus import Corpus
from abcrnn.export.html.document import page
from abcrnn.export.html.fragment import Fragment, tune_fragments
from abcrnn.pages.gallery import NoScore, write_gallery

TUNE = "X:1\nT:Scale\nR:reel\nC:Anon\nM:4/4\nK:D\nDEFG ABcd|\n"
HOSTILE = "</title></script></style><script>alert(1)</script><img src=x onerror=alert(2)>\"'&amp;"


class Reader(HTMLParser):
    """The elements of a page, with their attributes and texts."""

    def __init__(self, html):
        super().__init__()
        self.elements = []
        self._open = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs), []))
        self._open.append(self.elements[-1])

    def handle_data(self, data):
        for _, _, texts in self._open:
            texts.append(data)

    def handle_endtag(self, tag):
        while self._open and self._open.pop()[0] != tag:
            pass

    def of(self, tag):
        return [
            (attributes, "".join(texts)) for name, attributes, texts in self.elements if name == tag
        ]


def read_gallery(tunes, tmp_path, **options):
    path = tmp_path / "tunes.html"
    problems = write_gallery(tunes, path, **options)
    return Reader(path.read_text("utf-8")), problems


def test_a_gallery_has_title_contents_scores_and_downloads(tmp_path):
    reader, problems = read_gallery([TUNE, TUNE.replace("Scale", "Other")], tmp_path)
    assert problems == []
    assert reader.of("title")[0][1] == reader.of("h1")[0][1] == "2 tunes"
    assert [text for _, text in reader.of("h2")] == ["Scale", "Other"]
    links = [(attributes["href"], text) for attributes, text in reader.of("a")]
    assert [link for link in links if link[0].startswith("#")] == [
        ("#t1", "Scale"),
        ("#t2", "Other"),
    ]
    assert sum(attributes.get("class") == "note" for attributes, _ in reader.of("g")) == 16
    facts = [text for attributes, text in reader.of("p") if attributes["class"] == "abcrnn-facts"]
    assert facts == ["reel · 4/4 · Key D · Anon"] * 2


@pytest.mark.parametrize("title", [None, "", "  "])
def test_a_gallery_without_a_title_has_the_default(tmp_path, title):
    reader, _ = read_gallery([TUNE], tmp_path, title=title)
    assert reader.of("title")[0][1] == reader.of("h1")[0][1] == "Scale"


def test_downloads_have_the_tune_its_midi_file_and_its_musicxml(tmp_path):
    reader, _ = read_gallery([TUNE], tmp_path)
    files = {
        attributes["download"]: base64.b64decode(attributes["href"].partition("base64,")[2])
        for attributes, _ in reader.of("a")
        if "download" in attributes
    }
    assert files.keys() == {"0001-scale.abc", "0001-scale.mid", "0001-scale.mxl"}
    assert files["0001-scale.abc"].decode() == TUNE
    played = [
        message.note
        for message in mido.MidiFile(file=io.BytesIO(files["0001-scale.mid"]))
        if message.type == "note_on" and message.velocity
    ]
    assert played == [62, 64, 66, 67, 69, 71, 73, 74]
    archive = zipfile.ZipFile(io.BytesIO(files["0001-scale.mxl"]))
    assert archive.testzip() is None
    assert archive.read("score.musicxml").count(b"<pitch>") == 8


def test_a_page_refers_to_nothing_outside_and_has_a_policy(tmp_path):
    reader, _ = read_gallery([TUNE], tmp_path)
    for _, attributes, _ in reader.elements:
        assert not attributes.keys() & {"src", "srcset", "action", "style"}
        assert re.match(r"#|data:", attributes.get("href") or "#")
        assert not [name for name in attributes if name.startswith("on")]
    assert "http" not in re.sub(r"https?://www.w3.org/\S+", "", reader.of("style")[0][1])
    policy = next(a["content"] for a, _ in reader.of("meta") if "http-equiv" in a)
    assert policy.startswith("default-src 'none'; script-src 'sha256-")


def test_the_words_below_a_tune_are_shown(tmp_path):
    reader, _ = read_gallery([TUNE + "W:One &amp; <b>\nW:\nW:two\n"], tmp_path)
    (words,) = [text for attributes, text in reader.of("p") if "words" in attributes["class"]]
    assert words.startswith("One & <b>") and len(reader.of("br")) == 2


@pytest.mark.parametrize(
    "tune",
    [
        f"X:1\nT:{HOSTILE}\nC:{HOSTILE}\nR:{HOSTILE}\nM:4/4\nK:D\nDEFG ABcd|\n",
        f'X:1\nT:a\nM:4/4\nK:D\nP:{HOSTILE}\n"<script>"DEFG "^</svg><b>"ABcd|\nw:{HOSTILE}\n',
        f"{HOSTILE}\n",
        f"X:1\nT:\x00\x1b[1m\ud800 {HOSTILE}\nK:{HOSTILE}\nDEF|\n",
        r"X:1" "\nT:&lt;script&gt;alert(1)&lt;/script&gt; \\u003cscript>\nK:D\nDEF|\n",
    ],
)
def test_hostile_text_is_shown_as_text(tune, tmp_path):
    reader, _ = read_gallery([tune], tmp_path, title=HOSTILE)
    plain, _ = read_gallery([TUNE], tmp_path)
    assert len(reader.of("script")) <= 2  # the timeline and the player
    assert {tag for tag, _, _ in reader.elements} <= {
        *(tag for tag, _, _ in plain.elements), "text", "tspan", "ul", "li", "rect"
    }  # fmt: skip
    assert reader.of("h1")[0][1] == HOSTILE
    for _, attributes, _ in reader.elements:
        assert not [name for name in attributes if name.startswith("on")]


def test_a_tune_of_ten_megabytes_is_shown_in_part(tmp_path):
    huge = "X:1\nT:" + "<b>" * 3_000_000 + "\nK:D\n" + "DEFG " * 200_000
    reader, problems = read_gallery([huge], tmp_path)
    assert problems[0].number == 1 and "at most 50000" in problems[0].problem
    assert (tmp_path / "tunes.html").stat().st_size < 500_000
    assert len(reader.of("h2")[0][1]) < 210


def test_a_tune_without_a_score_is_reported_and_shown(tmp_path):
    reader, problems = read_gallery(["no <tune>", TUNE], tmp_path)
    assert [problem.number for problem in problems] == [1] and isinstance(problems[0], NoScore)
    assert [text for _, text in reader.of("pre")] == ["no <tune>", TUNE]
    assert [text for _, text in reader.of("summary")] == [
        "2 tunes", "ABC text, 4 problems", "ABC text"
    ]  # fmt: skip


def test_page_and_player_without_scores_are_small():
    assert len(page([Fragment("t1", "Tune", 'font-family="Leipzig"')], "Title").encode()) <= 120_000


@pytest.mark.slow
def test_a_gallery_of_a_hundred_tunes_can_be_mailed(irish, tmp_path):
    path = tmp_path / "tunes.html"
    problems = write_gallery(irish.tunes[::3][:100], path)
    assert path.stat().st_size <= 15_000_000
    html = path.read_text("utf-8")
    assert html.count("<article") == 100 and html.count('<script type="module">') == 1
    assert len(problems) <= 3


@pytest.mark.parametrize(
    "tunes, error, message",
    [
        (TUNE, TypeError, "tunes must be a list of tunes, not one string"),
        ([TUNE, 3], TypeError, "each of the tunes must be a string, not 3"),
        ([], ValueError, "at least one tune"),
    ],
)
def test_arguments_that_are_not_tunes(tunes, error, message, tmp_path):
    with pytest.raises(error, match=message):
        abcrnn.write_gallery(tunes, tmp_path / "x.html")
    assert not [*tmp_path.iterdir()]


def test_ids_of_fragments_continue_from_a_number():
    assert [each.id for each in tune_fragments([TUNE, TUNE], first=7)] == ["t7", "t8"]


# The command ---------------------------------------------------------------------------------


def test_the_command_writes_a_gallery(tmp_path, capsys):
    (tmp_path / "tunes.abc").write_text(TUNE + "\n" + TUNE)
    out = tmp_path / "tunes.html"
    assert main(["gallery", str(tmp_path / "tunes.abc"), "-o", str(out), "--title", "A & B"]) == 0
    assert f"2 tunes in {out}" in capsys.readouterr().err
    assert Reader(out.read_text("utf-8")).of("title")[0][1] == "A & B"


def test_the_command_reports_a_tune_without_a_score(tmp_path, capsys):
    (tmp_path / "tunes.abc").write_text(TUNE + "\nX:2\nT:Rest\nM:4/4\nK:D\nz8|\n")
    out = tmp_path / "tunes.html"
    assert main(["gallery", str(tmp_path / "tunes.abc"), "-o", str(out)]) == 1
    assert (
        "tunes.abc:9:1: tune 2 (Rest) has no score: the tune has no notes"
        in capsys.readouterr().err
        and out.exists()
    )


def test_the_command_does_not_write_to_standard_output(tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["gallery", "irish", "-o", "-"])
    assert stopped.value.code == 2 and "--output must be a file" in capsys.readouterr().err


def test_without_verovio_the_command_names_the_extra(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("abcrnn.storage.extras.find_spec", lambda name: None)
    assert main(["gallery", "irish", "-o", str(tmp_path / "x.html")]) == 1
    assert 'pip install "abcrnn[pages]"' in capsys.readouterr().err


# The nearest known tune ------------------------------------------------------------------------


def nearest_of(reader):
    return [text for attributes, text in reader.of("p") if attributes["class"] == "abcrnn-nearest"]


def test_the_page_names_the_known_tune_that_each_tune_is_most_like(tmp_path):
    known = Corpus(
        "book", (TUNE.replace("Scale", "Other"), f"X:2\nT:{HOSTILE}\nK:D\nddBB ddBB eecc|")
    )
    copied = "X:1\nM:4/4\nK:E\nEFGA Bcde|"  # the first tune in another key
    like = "X:1\nM:4/4\nK:D\nddBB ddBA eecc|"
    strange = "X:1\nM:4/4\nK:D\nD_d,D'_d D_d,D'_d|"
    no_notes = 'X:1\nK:D\n"D"z8|', "X:1\nK:\n", "X:1\nABc|", "no tune"
    reader, _ = read_gallery([copied, like, strange, *no_notes], tmp_path, nearest=known)
    first, second, third = nearest_of(reader)
    assert first.startswith("Nearest known tune: Other (book 1). 100% of the notes are the same; ")
    assert first.endswith("the longest passage in common has 1 bar.")
    assert second.startswith("Nearest known tune: </title></script>") and "92% of the" in second
    assert third == "No known tune is like it."
    assert nearest_of(read_gallery([copied], tmp_path)[0]) == []


def test_titles_do_not_turn_the_text_around_them(tmp_path):
    """Overrides of the direction are replaced; a title in Hebrew is isolated by ``bdi``."""
    turned = TUNE.replace("Scale", "a\u202eb\u2069c").replace("reel", "\u202ereel")
    hebrew = TUNE.replace("Scale", "\u05e9\u05d9\u05e8")
    reader, _ = read_gallery([turned, hebrew], tmp_path, nearest=Corpus("book", (turned,)))
    shown = "a\ufffdb\ufffdc"
    assert [text for _, text in reader.of("h2")] == [shown, "\u05e9\u05d9\u05e8"]
    assert nearest_of(reader)[0].startswith(f"Nearest known tune: {shown} (book 1). 100%")
    isolated = [text for _, text in reader.of("bdi")]
    assert isolated[:4] == ["\ufffdreel", "4/4", "Key D", "Anon"] and isolated[4:6] == [
        shown,
        "book",
    ]


def test_the_command_compares_with_corpora(tmp_path):
    (tmp_path / "tunes.abc").write_text(TUNE)
    (tmp_path / "book.abc").write_text(TUNE.replace("Scale", "Other"))
    out = tmp_path / "tunes.html"
    files = [str(tmp_path / name) for name in ("tunes.abc", "book.abc")]
    assert main(["gallery", files[0], "-o", str(out), "--nearest", files[1]]) == 0
    assert nearest_of(Reader(out.read_text("utf-8")))[0].startswith("Nearest known tune: Other (")
