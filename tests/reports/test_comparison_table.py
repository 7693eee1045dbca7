import csv
import io

from abcrnn.evaluation import Comparison
from abcrnn.reports.comparison_table import comparison_lines, tunes_csv


def record(model, temperature=1.0, difference=None, corpus="jigs/test", unknown=0):
    low, high = (None, None) if difference is None else (difference - 0.01, difference + 0.01)
    return {
        "corpus": corpus, "model": model, "temperature": temperature, "tunes": 1,
        "characters": 12_345, "unknown_characters": unknown, "bits_per_char": 1.23456,
        "low": 1.2, "high": 1.3, "header_bits_per_char": 1.0, "body_bits_per_char": 1.5,
        "accuracy": 0.5, "difference": difference, "difference_low": low, "difference_high": high,
    }  # fmt: skip


def test_a_table_for_each_corpus():
    records = [record("a"), record("bee", 1.0567, -0.02), record("a", corpus="irish", unknown=2)]
    assert list(comparison_lines(Comparison(records, [], 1000, 7))) == [
        "jigs/test: 1 tune, 12,345 characters",
        "                        bits/char     95 % interval  header    body  accuracy"
        "                    difference",
        "a                          1.2346  1.2000 to 1.3000  1.0000  1.5000    0.5000",
        "bee, temperature 1.057     1.2346  1.2000 to 1.3000  1.0000  1.5000    0.5000"
        "  -0.0200 (-0.0300 to -0.0100)",
        "",
        "irish: 1 tune, 12,345 characters",
        "   bits/char     95 % interval  header    body  accuracy",
        "a     1.2346  1.2000 to 1.3000  1.0000  1.5000    0.5000",
        "a: 2 characters outside the model's vocabulary, 20.1 bits each",
        "",
        "intervals: 1,000 resamples of the tunes, seed 7; difference: bits per character above the "
        "first model, on the same tunes",
    ]


def test_one_model_has_no_difference():
    *_, last = comparison_lines(Comparison([record("a")], [], 1000, 7))
    assert last == "intervals: 1,000 resamples of the tunes, seed 7"


def test_csv_has_a_line_for_each_tune_and_model():
    tunes = [{"title": 'The "Byte", 2\u00e8me', "bits": 1.5}, {"title": "", "bits": None}]
    text = tunes_csv(Comparison([], tunes, 1000, 7))
    assert text.splitlines()[0] == "title,bits"
    assert list(csv.DictReader(io.StringIO(text))) == [
        {"title": 'The "Byte", 2\u00e8me', "bits": "1.5"}, {"title": "", "bits": ""},
    ]  # fmt: skip
