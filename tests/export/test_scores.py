"""SVG and PDF files of scores: what they show, compared with other programs."""

import io
import re
import shutil
import subprocess
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
from helpers.browser import open_browser
from PIL import Image

from abcrnn import ABCError, to_pdf, to_svg
from abcrnn.export.heading import heading
from abcrnn.export.html.engraving import engrave
from abcrnn.export.pdf import HEIGHT, MARGIN, WIDTH, pdf, run_width
from abcrnn.export.svg_reader import Drawing, read_systems
from abcrnn.export.tunebook import convert_tunes

TUNE = 'X:1\nT:The Scale\nC:A. Composer\nM:4/4\nL:1/8\nK:D\n"D"DEFG ABcd|"Bb"dcBA GFED|]'
SVG = "{http://www.w3.org/2000/svg}"


def system(body, size="0 0 100 50"):
    return f'<svg class="abcrnn-system" viewBox="{size}">{body}</svg>'


def parsed(path):
    return ElementTree.parse(path).getroot()  # noqa: S314  # our own file


# Reading SVG ---------------------------------------------------------------------------------


def corners(shape):
    """Left, top, right and bottom of the points of a shape."""
    points = np.array([point for _, points in shape.outline for point in points])
    return [*points.min(axis=0), *points.max(axis=0)]


def test_shapes_are_where_svg_puts_them():
    (drawing,) = read_systems(
        system(
            '<defs><g id="glyph"><path transform="scale(1,-1)" d="M0 0h10v20h-10z"/></g></defs>'
            '<g transform="translate(20 30)">'
            '<use href="#glyph" transform="translate(5 5)scale(2)"/>'
            '<path d="M1 2L3 4" stroke-width="3" stroke-dasharray="4 2"/></g>'
            '<rect x="1" y="2" width="3" height="4" fill-opacity="0" stroke-width="2"/>'
            '<polygon points="1,2 3,4 5,0"/><ellipse cx="10" cy="20" rx="3" ry="4"/>'
            '<g visibility="hidden"><path d="M0 0L9 9"/></g><use href="#none"/>'
        )
    )
    assert (drawing.width, drawing.height) == (100, 50)
    boxes = [corners(shape) for shape in drawing.shapes]
    assert boxes == [
        [25, -5, 45, 35], [21, 32, 23, 34], [1, 2, 4, 6], [1, 0, 5, 4], [7, 16, 13, 24],
    ]  # fmt: skip
    assert [shape.filled for shape in drawing.shapes] == [True, True, False, True, True]
    assert [shape.line_width for shape in drawing.shapes] == [0, 3, 2, 0, 0]
    assert drawing.shapes[1].dashes == (4, 2)


def test_words_have_their_styles():
    (drawing,) = read_systems(
        system(
            '<g class="tempo" transform="translate(10 0)"><text x="5" y="9" font-size="0px">'
            '<tspan font-size="4px">Fast </tspan><tspan font-family="Leipzig" font-size="7px">'
            "\ueca5</tspan></text></g>"
            '<g class="dir"><text x="1" y="2" font-size="3px" text-anchor="end">a &lt; b</text></g>'
        )
    )
    first, second = drawing.words
    assert first[:3] == (15, 9, "start")
    assert first.runs == (("Fast ", 4, True, False, False), ("\ueca5", 7, True, False, True))
    assert second == (1, 2, "end", (("a < b", 3, False, True, False),))


def test_a_system_uses_the_symbols_of_the_one_before():
    svg = system('<defs><g id="x"><path d="M0 0h1v1z"/></g></defs>') + system('<use href="#x"/>')
    assert [len(drawing.shapes) for drawing in read_systems(svg)] == [0, 1]


def test_the_lines_of_a_real_score():
    """Five staff lines in each bar, and a stem for each note."""
    (drawing,) = read_systems(engrave([TUNE])[0].svg)
    lines = [shape for shape in drawing.shapes if len(shape.outline) == 2]
    boxes = list(map(corners, lines))
    assert sum(box[1] == box[3] for box in boxes) == 2 * 5
    stems = [box for box, line in zip(boxes, lines, strict=True) if line.line_width == 18]
    assert len(stems) == 16 and all(box[0] == box[2] for box in stems)


# Files ---------------------------------------------------------------------------------------


def test_an_svg_file_has_heading_and_systems(tmp_path):
    to_svg(TUNE, tmp_path / "tune.svg")
    root = parsed(tmp_path / "tune.svg")
    assert root.findtext(f"{SVG}title") == "The Scale"
    assert [each.text for each in root.findall(f"{SVG}text")] == ["The Scale", "A. Composer"]
    (score,) = root.findall(f"{SVG}svg")
    _, _, width, height = map(float, root.get("viewBox").split())
    assert float(score.get("y")) + float(score.get("height")) == height
    assert float(score.get("width")) == width
    ids = [each.get("id") for each in root.iter() if each.get("class") == "note"]
    assert len(set(ids)) == 16
    assert "@font-face" in root.findtext(f"{SVG}style")  # for the flat of Bb


def test_convert_tunes_to_svg(tmp_path, few_tunes):
    tunes = [few_tunes.tunes[0], "X:2\nT:No notes\nK:D\n", few_tunes.tunes[1]]
    done = convert_tunes(tunes, tmp_path, "svg")
    written = sorted(path.name for path in tmp_path.iterdir())
    assert written == ["0001-the-enchanted-valley.svg", "0003-fare-you-well.svg"]
    assert [str(each.problem or "") for each in done] == [
        "", "line 1, column 1: the tune has no notes", "",
    ]  # fmt: skip
    to_svg(few_tunes.tunes[1], tmp_path / "alone.svg")
    assert (tmp_path / "alone.svg").read_bytes() == (tmp_path / written[1]).read_bytes()


def test_hostile_text_stays_text(tmp_path):
    hostile = TUNE.replace("The Scale", "</title><script>alert(1)</script>\x1b" + "long" * 999)
    to_svg(hostile, tmp_path / "tune.svg")
    root = parsed(tmp_path / "tune.svg")
    assert not list(root.iter(f"{SVG}script"))
    assert root.findtext(f"{SVG}title").startswith("</title><script>")
    assert len(root.findtext(f"{SVG}title")) == 200
    math = TUNE.replace("A. Composer", "$\\frac{1}{2}$ \U0001f600 \u65e5\u672c")
    assert to_pdf([hostile, math], tmp_path / "a.pdf") == [None, None]


def test_tunes_without_a_score(tmp_path):
    for bad in "no tune", "X:1\nT:No notes\nK:D\n":
        with pytest.raises(ABCError):
            to_svg(bad, tmp_path / "bad.svg")
        assert isinstance(to_pdf([bad], tmp_path / "bad.pdf")[0], ABCError)
    assert to_pdf([], tmp_path / "bad.pdf") == []
    assert list(tmp_path.iterdir()) == []
    problems = to_pdf(["no tune", TUNE], tmp_path / "good.pdf")
    assert [problem is None for problem in problems] == [False, True]


LONG = "The Lass that Would Not Leave the Market Till the Old Fiddler Played Her Reel"


@pytest.mark.parametrize(
    ("title", "between"),
    [
        (LONG, " "),
        (f"{LONG}, {LONG}, and Went Home Again with him"[:200].strip(), " "),
        ("W" * 200, ""),
        ("\u65e5\u672c\u8a9e" * 66, ""),
    ],
)
def test_long_titles_and_composers_are_complete(title, between):
    tune = TUNE.replace("The Scale", title).replace("A. Composer", title)
    made = heading(tune)
    texts = [(words.anchor, words.runs[0]) for words in made.words]
    for anchor in "middle", "end":
        assert between.join(run.text for found, run in texts if found == anchor) == title
    assert max(run_width(run) for _, run in texts) < made.width
    places = [words.y for words in made.words]
    assert places == sorted(set(places)) and 0 < places[0] < places[-1] < made.height


def test_a_tune_without_title_and_composer_has_no_heading(tmp_path):
    plain = re.sub("[TC]:.*\n", "", TUNE)
    assert to_pdf([TUNE, plain, TUNE], tmp_path / "a.pdf") == [None] * 3
    to_svg(plain, tmp_path / "a.svg")
    root = parsed(tmp_path / "a.svg")
    assert root.findall(f"{SVG}text") == []
    assert root.find(f"{SVG}svg").get("y") == "0"


def test_without_verovio_the_extra_is_named(tmp_path, monkeypatch, run, homemade):
    monkeypatch.setattr("abcrnn.storage.extras.find_spec", lambda name: None)
    for form in "svg", "pdf":
        code, _, errors = run("convert", homemade, "--out", tmp_path, "--to", form)
        assert code == 1
        assert 'needs verovio: pip install "abcrnn[pages]"' in errors
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_equal_tunes_give_equal_files(tmp_path):
    for name in "a.pdf", "b.pdf":
        to_pdf([TUNE], tmp_path / name)
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()


# The command line ----------------------------------------------------------------------------


@pytest.mark.parametrize("out", ["folder", "folder/tunes.pdf", "folder/TUNES.PDF"])
def test_convert_to_pdf(tmp_path, homemade, run, out):
    arguments = () if out.lower().endswith(".pdf") else ("--to", "pdf")
    code, output, errors = run("convert", homemade, "--out", tmp_path / out, *arguments)
    path = tmp_path / out if arguments == () else tmp_path / out / "homemade.pdf"
    assert (code, output, errors) == (0, "", f"8 of 8 tunes converted into {path}\n")
    assert path.read_bytes().startswith(b"%PDF-")


def test_convert_reports_tunes_that_are_not_in_the_pdf(tmp_path, run):
    book = tmp_path / "book.abc"
    book.write_text(f"X:1\nT:Silent\nK:D\n\n{TUNE}\n")
    code, _, errors = run("convert", book, "--out", tmp_path / "book.pdf")
    assert code == 1
    assert errors == (
        f"{book}:1:1: tune 1 (Silent) is not converted: the tune has no notes\n"
        f"1 of 2 tunes converted into {tmp_path / 'book.pdf'}\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a.pdf", "--tempo", "100"], "--tempo is for MIDI and WAV files"),
        (["a.svg", "--voice", "blown"], "--voice is for WAV files"),
        (["a.mid", "--to", "pdf"], "a file that ends in .pdf, not"),
        (["a.pdf", "--to", "svg"], "--out must be a folder"),
    ],
)
def test_invalid_arguments(tmp_path, homemade, run, capsys, arguments, message):
    with pytest.raises(SystemExit, match="2"):
        run("convert", homemade, "--out", tmp_path / arguments[0], *arguments[1:])
    assert message in capsys.readouterr().err


# Pages ---------------------------------------------------------------------------------------


def tune_of_height(*heights):
    """Drawings of these heights in points, as wide as the page."""
    width = WIDTH - 2 * MARGIN
    return [Drawing(width, height, (), ()) for height in heights]


def page_count(document):
    return len(re.findall(rb"/Type /Page\b", document))


@pytest.mark.parametrize(
    ("tunes", "pages"),
    [
        ([], 1),
        ([[30, 100, 100]], 1),
        ([[30, 300, 300], [30, 90]], 2),  # the second tune does not fit
        ([[30, 300, 300], [30, 60]], 1),
        ([[30, *[100] * 20]], 3),  # a long tune continues
        ([[30, 600], [30, *[100] * 7], [30, 100]], 3),
        ([[30, 600], [30, *[100] * 8], [30, 100]], 3),  # longer than a page: where its heading fits
        ([[30, 5000]], 2),  # reduced to a page
        ([[0, 300, 300], [0, 60]], 1),  # without headings
    ],
)
def test_tunes_on_pages(tunes, pages):
    assert page_count(pdf([tune_of_height(*heights) for heights in tunes])) == pages


# Compared with other programs ----------------------------------------------------------------


def program(name):
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


@pytest.mark.oracle
def test_pdftotext_reads_titles_and_chords_in_order(tmp_path, jigs):
    tunes = jigs.tunes[10:16]
    assert to_pdf(tunes, tmp_path / "a.pdf") == [None] * 6
    command = [program("pdftotext"), "-layout", str(tmp_path / "a.pdf"), "-"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    titles = [re.search("^T: *(.*)", tune, re.MULTILINE)[1] for tune in tunes]
    places = [text.index(title) for title in titles]
    assert all(before < after for before, after in pairwise(places))
    assert text.count("\f") == page_count((tmp_path / "a.pdf").read_bytes()) < 6


def ink(image, size=(150, 212)):
    """How dark each part of a page is, in a small picture."""
    return 255 - np.asarray(image.convert("L").resize(size, Image.Resampling.BOX), float)


@pytest.mark.oracle
@pytest.mark.browser
def test_the_page_looks_as_the_svg_in_a_browser(tmp_path, jigs):
    """The score of a PDF page has its ink where Chromium draws that of the SVG file."""
    tune = jigs.tunes[12]
    to_pdf([tune], tmp_path / "a.pdf")
    to_svg(tune, tmp_path / "a.svg")
    command = [program("pdftoppm"), "-r", "144", "-png", "-singlefile", "a.pdf", "page"]
    subprocess.run(command, cwd=tmp_path, check=True)
    page = Image.open(tmp_path / "page.png")
    svg = (tmp_path / "a.svg").read_text()
    html = f'<body style="margin:42px;width:{WIDTH - 2 * MARGIN}px">'
    html += re.sub(r'(<svg [^>]*) width="\S+" height="\S+"', r'\1 width="100%"', svg, count=1)
    with open_browser() as browser:
        tab = browser.new_page(viewport={"width": 595, "height": 842}, device_scale_factor=2)
        tab.set_content(html)
        shown = Image.open(io.BytesIO(tab.screenshot()))
    assert shown.size == page.size == (2 * WIDTH, 2 * HEIGHT)
    both = np.corrcoef(ink(page).ravel(), ink(shown).ravel())[0, 1]
    assert both > 0.9
    assert ink(page).sum() == pytest.approx(ink(shown).sum(), rel=0.1)
