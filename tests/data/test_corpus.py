import http.server
import logging
import re
import threading
from dataclasses import replace
from functools import partial
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from conftest import load_or_skip

import abcrnn
from abcrnn.data.corpus import Corpus, load_corpus
from abcrnn.data.registry import Card, card_names, fetch_card, is_here, read_card
from abcrnn.notation import tune_body

TUNE = "X:{}\nT:Tune {}\nM:4/4\nL:1/8\nK:D\n{}|\n"


# Every card is held to its own figures. ----------------------------------------------------


def test_the_cards_are_the_corpora_of_the_documentation():
    assert card_names() == ["airds", "essen", "irish", "jigs", "nottingham", "oneills", "ryans"]


@pytest.mark.parametrize("name", card_names())
def test_corpus_is_what_its_card_says(name):
    card = read_card(name)
    if not is_here(card) and not card.music21_folder and name == "nottingham":
        pytest.skip("nottingham has to be fetched: run abcrnn corpora fetch nottingham")
    corpus = load_or_skip(name)
    raw = b"".join(path.read_bytes() for path in fetch_card(card))
    assert len(raw) == card.bytes
    # By the outside: a tune for each X: field, no character of the files unknown.
    assert sum(line.startswith(b"X:") for line in raw.split(b"\n")) == card.tunes
    assert len(corpus.tunes) == card.tunes
    assert corpus.duplicates == card.duplicates
    assert len(abcrnn.Vocabulary.from_text(corpus.text)) == card.vocabulary_size
    assert corpus.vocabulary == abcrnn.Vocabulary.from_text(corpus.text)
    assert corpus.fingerprint == sha256(corpus.text.encode()).hexdigest()
    abcrnn.Vocabulary.from_text(raw.decode()).encode(corpus.text)
    for file_name, digest in card.files.items():
        assert len(digest) == 64, file_name
    assert card.title and card.licence and card.homepage.startswith("https://")


# Splitting ---------------------------------------------------------------------------------


def test_split_is_by_tune_and_reproducible(oneills):
    parts = oneills.split(validation=0.1, test=0.2, seed=3)
    assert parts == oneills.split(validation=0.1, test=0.2, seed=3)
    assert parts != oneills.split(validation=0.1, test=0.2, seed=4)
    assert sorted(t for part in parts for t in part.tunes) == sorted(oneills.tunes)
    sizes = [len(part.tunes) / len(oneills.tunes) for part in parts]
    assert sizes == pytest.approx([0.7, 0.1, 0.2], abs=0.005)
    assert [part.name for part in parts] == ["oneills/train", "oneills/validation", "oneills/test"]


def test_duplicates_never_straddle():
    bodies = ["abc def", "gab", "abcdef", "A B c", "ab cdef", "G2"]
    tunes = tuple(TUNE.format(i, i, body).strip() for i, body in enumerate(bodies))
    corpus = Corpus("twins", tunes)
    assert corpus.duplicates == 2
    for seed in range(20):
        twins = [
            {i for i in (0, 2, 4) if tunes[i] in part.tunes}
            for part in corpus.split(validation=0.2, test=0.2, seed=seed)
        ]
        assert {0, 2, 4} in twins


def split_plainly(tunes, validation, test, seed):
    """The rule in plain words: bodies in a shuffled order, dealt to whichever part still wants."""
    groups = {}
    for index, tune in enumerate(tunes):
        groups.setdefault("".join(tune_body(tune).split()), []).append(index)
    groups = list(groups.values())
    wanted = {"test": round(test * len(tunes)), "validation": round(validation * len(tunes))}
    parts = {"train": [], "validation": [], "test": []}
    for index in np.random.default_rng(seed).permutation(len(groups)):
        part = next((p for p, size in wanted.items() if len(parts[p]) < size), "train")
        parts[part].extend(groups[index])
    return [tuple(tunes[i] for i in sorted(parts[part])) for part in parts]


@pytest.mark.parametrize("seed", range(12))
def test_split_is_that_of_the_plain_rule(seed):
    random = np.random.default_rng(seed)
    notes = random.integers(5 + 10 * seed, size=30 + 5 * seed).tolist()  # many of them twins
    tunes = tuple(TUNE.format(i, i, f"a{note} b c") for i, note in enumerate(notes))
    for shares in ((0.1, 0.1), (0, 0.4), (0.5, 0), (0, 0)):
        parts = Corpus("twins", tunes).split(*shares, seed=seed)
        assert [part.tunes for part in parts] == split_plainly(tunes, *shares, seed)


def test_split_of_a_named_corpus_stays_what_it_was(oneills):
    """Saved runs and models name a split by its seed alone."""
    assert [part.tunes for part in oneills.split()] == split_plainly(oneills.tunes, 0.1, 0.1, 0)


@pytest.mark.parametrize("shares", [(-0.1, 0.1), (0.5, 0.5), (1.0, 0.0)])
def test_shares_out_of_range_are_refused(oneills, shares):
    with pytest.raises(ValueError, match="must be shares from 0, together less than 1"):
        oneills.split(*shares)


def test_too_few_tunes_to_split():
    corpus = Corpus("two", (TUNE.format(1, 1, "a"), TUNE.format(2, 2, "b")))
    with pytest.raises(ValueError, match="two has 2 tunes, too few to set 0.1 of them aside"):
        corpus.split()
    assert [len(part.tunes) for part in corpus.split(0, 0)] == [2, 0, 0]


def test_fields_left_out(oneills):
    bare = oneills.without_fields("BNZ")
    assert len(bare.tunes) == len(oneills.tunes)
    assert not any(re.match("[BNZ]:", line) for line in bare.text.split("\n"))
    assert [tune_body(t) for t in bare.tunes] == [tune_body(t) for t in oneills.tunes]
    with pytest.raises(ValueError, match="needs its X: and K: fields"):
        oneills.without_fields("ZK")


# Files of one's own ------------------------------------------------------------------------


def test_a_file_of_ones_own(tmp_path):
    (tmp_path / "my.abc").write_text("preface\n\n" + TUNE.format(1, "é", "abc") + "\n")
    corpus = load_corpus(tmp_path / "my.abc")
    assert corpus.name == "my"
    assert corpus.tunes == (TUNE.format(1, "é", "abc").strip(),)
    assert corpus.fragments[0].text == "preface"
    assert corpus.text == corpus.tunes[0] + "\n"


def test_a_folder_is_read_in_name_order(tmp_path):
    for number, name in enumerate(["b.abc", "a.ABC", "sub/c.abc"], start=1):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(TUNE.format(number, number, "abc"))
    (tmp_path / "notes.txt").write_text("X:9\nK:C\nc\n")
    tunes = load_corpus(tmp_path).tunes
    assert [tune[2] for tune in tunes] == ["2", "1", "3"]


def test_latin_1_is_read_and_said(tmp_path, caplog):
    (tmp_path / "old.abc").write_bytes(TUNE.format(1, "caf\u00e9", "abc").encode("latin-1"))
    with caplog.at_level(logging.WARNING):
        corpus = load_corpus(tmp_path / "old.abc")
    assert "café" in corpus.tunes[0]
    assert "is not all UTF-8: lines such as 2 read as Latin-1" in caplog.text


@pytest.mark.parametrize("ending", ["\r\n", "\r"])
def test_bom_and_line_ends(tmp_path, ending):
    text = TUNE.format(1, 1, "abc") + "\n" + TUNE.format(2, 2, "def")
    (tmp_path / "w.abc").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", ending).encode())
    assert [t + "\n" for t in load_corpus(tmp_path / "w.abc").tunes] == [
        TUNE.format(1, 1, "abc"), TUNE.format(2, 2, "def"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"just some words\n", "holds no tune: in ABC notation each begins with a line X:"),
        (b"MZ\x90\x00\x03", "is not text: it has a NUL byte in line 1"),
        ("X:1\nK:C\nc".encode("utf-16"), "is UTF-16; save it as UTF-8"),
    ],
)
def test_bad_files_are_named(tmp_path, content, message):
    (tmp_path / "bad.abc").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        load_corpus(tmp_path / "bad.abc")


def test_missing_path_or_unknown_corpus(tmp_path):
    with pytest.raises(FileNotFoundError, match="neither a file or folder nor a corpus.*oneills"):
        load_corpus("oneils")
    with pytest.raises(ValueError, match="holds no .abc file"):
        load_corpus(tmp_path)


# Fetching ----------------------------------------------------------------------------------


@pytest.fixture
def server(tmp_path):
    """A web server on this machine; yields its folder and address."""
    folder = tmp_path / "served"
    folder.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/cut.abc":
                self.send_response(200)
                self.send_header("Content-Length", "1000")
                self.end_headers()
                self.wfile.write(b"X:1\n")  # and then the line goes dead
            elif self.path == "/refused.abc":
                self.send_error(403)
            else:
                super().do_GET()

        def log_message(self, *args):
            pass

    httpd = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(Handler, directory=str(folder))
    )
    thread = threading.Thread(target=httpd.serve_forever)
    thread.start()
    yield folder, f"http://127.0.0.1:{httpd.server_port}/"
    httpd.shutdown()
    thread.join()
    httpd.server_close()


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("ABCRNN_DATA", str(tmp_path / "cache"))
    return tmp_path / "cache"


def card_of(url: str, name: str, content: bytes) -> Card:
    return replace(
        read_card("irish"), name="served", base_url=url, files={name: sha256(content).hexdigest()}
    )


def left_behind(cache: Path) -> list[str]:
    return [path.name for path in cache.rglob("*") if path.is_file()]


def test_a_file_is_fetched_once_and_kept(server, cache):
    folder, url = server
    (folder / "ok.abc").write_bytes(b"X:1\nK:C\nc\n")
    card = card_of(url, "ok.abc", b"X:1\nK:C\nc\n")
    assert not is_here(card)
    assert fetch_card(card) == [cache / "ok.abc"]
    assert is_here(card)
    (folder / "ok.abc").unlink()
    assert fetch_card(card) == [cache / "ok.abc"]


@pytest.mark.parametrize("name", ["cut.abc", "refused.abc", "missing.abc"])
def test_a_download_cut_off_or_refused_leaves_nothing(server, cache, name):
    _, url = server
    with pytest.raises(ConnectionError, match=f"{name} of the corpus served could not be fetched"):
        fetch_card(card_of(url, name, b"whole"))
    assert left_behind(cache) == []


def test_an_altered_download_is_refused(server, cache):
    folder, url = server
    (folder / "altered.abc").write_bytes(b"X:1\nK:C\nccc\n")
    with pytest.raises(ValueError, match="cut off or altered on its way; nothing was kept"):
        fetch_card(card_of(url, "altered.abc", b"X:1\nK:C\nc\n"))
    assert left_behind(cache) == []


def test_no_server_at_all(cache):
    with pytest.raises(ConnectionError, match="put it into .*cache, or set ABCRNN_DATA"):
        fetch_card(card_of("http://127.0.0.1:9/", "a.abc", b"x"))
    assert left_behind(cache) == []


def test_a_file_of_the_same_name_is_not_written_over(server, cache):
    folder, url = server
    (folder / "ok.abc").write_bytes(b"X:1\nK:C\nc\n")
    cache.mkdir()
    (cache / "ok.abc").write_bytes(b"X:1\nT:my own\nK:D\nd\n")
    with pytest.raises(ValueError, match="ok.abc is not the file that the card of served knows"):
        fetch_card(card_of(url, "ok.abc", b"X:1\nK:C\nc\n"))
    assert (cache / "ok.abc").read_bytes() == b"X:1\nT:my own\nK:D\nd\n"
