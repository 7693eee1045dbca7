"""The training curve and the picture of a model card."""

from collections import Counter

import numpy as np
import pytest
from matplotlib.figure import Figure

from abcrnn.evaluation.copying import Copying
from abcrnn.evaluation.distributions import distance, distributions
from abcrnn.reports.plots import plot_card, plot_copying, plot_history
from abcrnn.training.records import EpochRecord


@pytest.fixture
def figures(monkeypatch):
    """The figures that are saved."""
    saved = []
    save = Figure.savefig

    def keep(figure, *args, **options):
        saved.append(figure)
        save(figure, *args, **options)

    monkeypatch.setattr(Figure, "savefig", keep)
    return saved


@pytest.mark.slow
def test_a_panel_shows_both_distributions_and_their_distance(few_tunes, tmp_path, figures):
    corpus, generated = distributions(few_tunes.tunes), distributions(few_tunes.tunes[::4])
    plot_card(generated, corpus, {"tunes": "10", "valid": "90 %"}, tmp_path / "card.png")
    assert (tmp_path / "card.png").read_bytes().startswith(b"\x89PNG")
    *panels, last = figures[0].axes
    assert [text.get_text() for text in last.texts] == ["tunes", "10", "valid", "90 %"]
    for kind, axes in zip(corpus, panels, strict=True):
        apart = distance(generated[kind], corpus[kind])
        assert axes.get_title() == f"{kind}: distance {apart:.2f}"
        for bars, counts in zip(axes.containers, (corpus[kind], generated[kind]), strict=True):
            sideways = kind == "bar rhythm"
            shown = [bar.get_width() if sideways else bar.get_height() for bar in bars]
            assert max(shown) == pytest.approx(max(counts.values()) / counts.total())
            assert (0.3 if sideways else 0.97) < sum(shown) <= 1 + 1e-9
    names = [label.get_text() for label in panels[2].get_xticklabels()]
    assert {"1/16", "1/8", "1/4"} <= set(names)
    rhythms = [label.get_text() for label in panels[3].get_yticklabels()]
    assert "1 1 1 1 1 1" in rhythms


def test_a_kind_without_its_own_drawing_is_a_bar_chart(few_tunes, tmp_path, figures):
    corpus, generated = distributions(few_tunes.tunes), distributions(few_tunes.tunes)
    corpus["mode"], generated["mode"] = Counter(major=3, minor=1), Counter(major=1, dorian=1)
    plot_card(generated, corpus, {"tunes": "10"}, tmp_path / "card.png")
    *panels, added, last = figures[0].axes
    assert [axes.get_title().partition(":")[0] for axes in panels] == list(corpus)[:-1]
    assert added.get_title() == "mode: distance 0.50"
    assert [label.get_text() for label in added.get_yticklabels()] == ["major", "dorian", "minor"]
    widths = [[bar.get_width() for bar in bars] for bars in added.containers]
    assert widths == [[0.75, 0, 0.25], [0.5, 0.5, 0]]
    assert [text.get_text() for text in last.texts] == ["tunes", "10"]


def test_a_kind_that_is_missing_is_named(tmp_path):
    corpus = distributions([])
    fewer = {kind: counts for kind, counts in corpus.items() if kind != "pitch"}
    with pytest.raises(ValueError, match=r"generated must have the kinds pitch, .* not interval"):
        plot_card(fewer, corpus, {}, tmp_path / "card.png")
    with pytest.raises(ValueError, match="held_out must have the kinds"):
        plot_card(corpus, corpus, {}, tmp_path / "card.png", held_out=fewer)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_equal_counts_give_equal_bytes(few_tunes, tmp_path):
    for name, tunes in (("one", few_tunes.tunes), ("two", few_tunes.tunes[::-1])):
        found = distributions(tunes)
        plot_card(found, found, {"tunes": "40"}, tmp_path / f"{name}.png")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_empty_distributions(tmp_path):
    nothing = distributions([])
    plot_card(nothing, distributions(["X:1\nM:3/4\nL:1/8\nK:C\nc6|"]), {}, tmp_path / "one.png")
    plot_card(nothing, nothing, {}, tmp_path / "none.png")
    assert (tmp_path / "none.png").read_bytes().startswith(b"\x89PNG")


def test_labels_of_pitches_and_rhythms(tmp_path, figures):
    tune = "X:1\nM:4/4\nL:1/16\nK:C\nB,,4C4c4c'4|z2c2c3cc4(3ccc c2|cccccccccccccccc|c7c9|"
    found = distributions([tune])
    plot_card(found, found, {}, tmp_path / "card.png")
    panels = figures[0].axes
    pitches = [label.get_text() for label in panels[0].get_xticklabels()]
    assert pitches[:4] == ["B,,", "C,", "D,", "E,"] and pitches[-2:] == ["b", "c'"]
    rhythms = {label.get_text() for label in panels[3].get_yticklabels()}
    assert rhythms == {"2 2 2 2", "z1 1 1½ ½ 2 ⅓ ⅓ ⅓ 1", "16 x ½", "3½ 4½"}


def record(epoch, validation):
    return EpochRecord(epoch, 10, 1.0, 3.0 - epoch / 10, 0.5, validation, None, 1e-3, 1.0, 1.0)


def test_the_training_curve_names_the_best_epoch(tmp_path, figures):
    history = [record(1, 2.5), record(2, 2.25), record(3, 2.75)]
    plot_history(history, tmp_path / "curve.png")
    training, validation = figures[0].axes[0].get_lines()
    assert training.get_xydata().tolist() == [[1, 2.9], [2, 2.8], [3, 2.7]]
    assert validation.get_xydata().tolist() == [[1, 2.5], [2, 2.25], [3, 2.75]]
    assert validation.get_label() == "validation (best 2.250, epoch 2)"
    plot_history([record(1, None)], tmp_path / "curve.png")
    assert len(figures[1].axes[0].get_lines()) == 1


def test_figures_can_be_drawn_further_without_a_file(few_tunes, tmp_path, figures):
    record = EpochRecord(1, 10, 1.0, 1.4, 0.5, 1.5, 0.4, 0.001, 1.0, 1.0)
    figure = plot_history([record])
    figure.axes[0].axhline(1.2, label="target")
    figure.savefig(tmp_path / "curve.svg")
    assert "</svg>" in (tmp_path / "curve.svg").read_text("utf-8")
    corpus = distributions(few_tunes.tunes)
    assert len(plot_card(corpus, corpus, {"tunes": "10"}).axes) == len(corpus) + 1
    assert figures == [figure]
    assert plot_history([record], tmp_path / "curve.png") is figures[1]


def test_the_plot_of_copies_has_the_share_of_each_character(tmp_path):
    tune = "X:1\nT:$5 and $6\nK:D\nabc|"
    weights = np.zeros((2, len(tune) + 2, len(tune) + 2), np.float32)
    weights[:, 5, 3] = 1
    shares = np.tile(np.float32([0.2, 0.3, 0.5]), (len(tune) + 2, 1))
    figure = plot_copying(Copying(tune, weights, shares), tmp_path / "copied.png")
    [image] = figure.axes[0].images
    drawn = image.get_array()
    assert drawn[5, 3] == pytest.approx(0.8) and drawn.sum() == pytest.approx(0.8)
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == tune.split("\n")
    assert (tmp_path / "copied.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_a_notebook_shows_a_figure_as_the_picture_that_is_written(few_tunes, tmp_path):
    formatters = pytest.importorskip("IPython.core.formatters")
    path, counts = tmp_path / "figure.png", distributions(few_tunes.tunes)
    weights, shares = np.zeros((2, 18, 18), np.float32), np.full((18, 3), 1 / 3, np.float32)
    copied = Copying("X:1\nT:a\nK:D\nabc|", weights, shares)
    for draw in (
        lambda path: plot_history([record(1, 2.5)], path),
        lambda path: plot_card(counts, counts, {"tunes": "10"}, path),
        lambda path: plot_copying(copied, path),
    ):
        draw(path)
        data, _ = formatters.DisplayFormatter().format(draw(None))
        assert data["image/png"] == path.read_bytes()
