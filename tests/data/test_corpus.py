import http.server
import importlib.util
import logging
import re
import threading
import unicodedata
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


# Named corpora --------------------------------------------------------------------------------


def test_card_names_are_those_of_the_documentation():
    assert card_names() == ["airds", "essen", "irish", "jigs", "nottingham", "oneills", "ryans"]


#: Fingerprint of the text of each corpus. A run records it, and resumes only with the same text.
#: If it must change, give the reason in CHANGELOG.md. No change so far.
FINGERPRINTS = {
    "airds": "cc4254aa67c91b44fed84549882c7e2ff46b48c938267c4b84c5573820431c45",
    "essen": "5fc6142f252e1ed28747dfff2189928270756a3f543918fe73c2fc5b351c6359",
    "irish": "232ad74e7231bf9fcf71601a236869a59d8b2fff3e71232f8adbad458905325d",
    "jigs": "31373d14a0b169439421ce42dd854d65998066f1a1795bd0a7b0cf4b2f3e5b28",
    "oneills": "588ce4042ca5e271e0e2c52bb5981371f540d9c6e58534239eb5b50aae07608f",
    "ryans": "bb2507d67b07e77e8ae1793afaba3d96bfa342126c09f912fc192a6fe2de5fc4",
}


@pytest.mark.parametrize("name", FINGERPRINTS)
def test_texts_of_named_corpora_do_not_change(name, caplog):
    assert load_or_skip(name).fingerprint == FINGERPRINTS[name]
    assert caplog.text == ""


@pytest.mark.slow
@pytest.mark.parametrize("name", card_names())
def test_corpus_matches_its_card(name):
    card = read_card(name)
    if not is_here(card) and not card.music21_folder and name == "nottingham":
        pytest.skip("nottingham has to be fetched: run abcrnn corpora fetch nottingham")
    corpus = load_or_skip(name)
    raw = b"".join(path.read_bytes() for path in fetch_card(card))
    assert len(raw) == card.bytes
    # Without our own parser: one tune for each X: field, no unknown character.
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
    assert parts != oneills.split(validation=0.1, test=0.2, seed=3, rule="shuffle")
    assert sorted(t for part in parts for t in part.tunes) == sorted(oneills.tunes)
    sizes = [len(part.tunes) / len(oneills.tunes) for part in parts]
    assert sizes == pytest.approx([0.7, 0.1, 0.2], abs=0.03)
    assert [part.name for part in parts] == ["oneills/train", "oneills/validation", "oneills/test"]
    for name, part in zip(["train", "validation", "test"], parts, strict=True):
        split = {"validation": 0.1, "test": 0.2, "seed": 3, "rule": "hash"}
        assert part.origin == {
            "corpus": "oneills", "fingerprint": oneills.fingerprint, "split": split, "part": name,
        }  # fmt: skip
        numbers = [oneills.tunes.index(tune) for tune in part.tunes]
        assert numbers == sorted(numbers)


def test_shuffled_parts_have_exact_shares(oneills):
    parts = oneills.split(validation=0.1, test=0.2, seed=3, rule="shuffle")
    sizes = [len(part.tunes) / len(oneills.tunes) for part in parts]
    assert sizes == pytest.approx([0.7, 0.1, 0.2], abs=0.005)


@pytest.mark.parametrize("rule", ["hash", "shuffle"])
def test_duplicates_never_straddle(rule):
    bodies = ["abc def", "gab", "abcdef", "A B c", "ab cdef", "G2"]
    tunes = tuple(TUNE.format(i, i, body).strip() for i, body in enumerate(bodies))
    corpus = Corpus("twins", tunes)
    assert corpus.duplicates == 2
    for seed in range(20):
        twins = [
            {i for i in (0, 2, 4) if tunes[i] in part.tunes}
            for part in corpus.split(validation=0.2, test=0.2, seed=seed, rule=rule)
        ]
        assert {0, 2, 4} in twins


def test_selected_tunes(oneills):
    part = oneills.select(np.array([3, 1]), "two", {"from": "test"})
    assert part == Corpus("two", (oneills.tunes[3], oneills.tunes[1]), origin={"from": "test"})


def test_repr_is_one_line(oneills):
    assert repr(oneills) == "Corpus('oneills', tunes=2009)"
    assert repr(Corpus("mine", ("X:1",))) == "Corpus('mine', tunes=1)"


def test_header_fields_are_left_out(oneills):
    bare = oneills.without_fields("BNZ")
    assert len(bare.tunes) == len(oneills.tunes)
    assert not any(re.match("[BNZ]:", line) for line in bare.text.split("\n"))
    assert [tune_body(t) for t in bare.tunes] == [tune_body(t) for t in oneills.tunes]
    with pytest.raises(ValueError, match="must not contain X or K, which a tune needs: 'ZK'"):
        oneills.without_fields("ZK")


# Files of the user ---------------------------------------------------------------------------


def test_file_is_loaded(tmp_path):
    (tmp_path / "my.abc").write_text("preface\n\n" + TUNE.format(1, "é", "abc") + "\n")
    corpus = load_corpus(tmp_path / "my.abc")
    assert corpus.name == "my"
    assert corpus.tunes == (TUNE.format(1, "é", "abc").strip(),)
    assert corpus.fragments[0].text == "preface"
    assert corpus.text == corpus.tunes[0] + "\n"


def test_folder_is_read_in_the_order_of_names(tmp_path):
    for number, name in enumerate(["b.abc", "a.ABC", "sub/c.abc"], start=1):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(TUNE.format(number, number, "abc"))
    (tmp_path / "notes.txt").write_text("X:9\nK:C\nc\n")
    tunes = load_corpus(tmp_path).tunes
    assert [tune[2] for tune in tunes] == ["2", "1", "3"]


@pytest.mark.parametrize(
    ("written", "charset", "declared", "named"),
    [
        ("caf\u00e9 \u201cx\u201d \u2013 \u0152\u20ac", "cp1252", "", "Windows-1252"),
        ("caf\u00e9", "latin-1", "%%abc-charset iso-8859-1\n", "Windows-1252"),
        ("\u017elu\u0165", "iso-8859-2", "I:abc-charset iso-8859-2\n", "iso8859-2"),
        ("\u0161\u017e", "cp1250", "%%abc-charset windows-1250\n", "cp1250"),
        ("caf\u00e9", "latin-1", "%%abc-charset zlib\n", "Windows-1252"),
        ("caf\u00e9", "latin-1", "%%abc-charset iso-8859-99\n", "Windows-1252"),
    ],
)
def test_other_character_sets_are_read_with_a_warning(
    tmp_path, caplog, written, charset, declared, named
):
    text = f"{declared}\n" + TUNE.format(1, written, "abc")
    (tmp_path / "old.abc").write_bytes(text.encode(charset))
    with caplog.at_level(logging.WARNING):
        corpus = load_corpus(tmp_path / "old.abc")
    assert f"T:Tune {written}\n" in corpus.tunes[0]
    line = text.split("\n").index(f"T:Tune {written}") + 1
    assert f"is not valid UTF-8: line {line} and others are read as {named}" in caplog.text


def test_bytes_without_a_meaning_are_kept_as_latin_1(tmp_path):
    (tmp_path / "old.abc").write_bytes(b"X:1\nT:a\x81\xe9\xff\x9d\nK:C\nc\n")
    assert load_corpus(tmp_path / "old.abc").tunes[0].split("\n")[1] == "T:a\x81\xe9\xff\x9d"


def test_valid_utf_8_is_not_decoded_by_the_declared_character_set(tmp_path, caplog):
    text = "%%abc-charset iso-8859-2\n\n" + TUNE.format(1, "\u017elu\u0165", "abc")
    (tmp_path / "new.abc").write_text(text, "utf-8")
    assert "\u017elu\u0165" in load_corpus(tmp_path / "new.abc").tunes[0]
    assert caplog.text == ""


def test_text_is_normalized_with_a_warning(tmp_path, caplog):
    composed = TUNE.format(1, "Bourr\u00e9e d'\u00c5land", "abc")
    (tmp_path / "mac.abc").write_text(unicodedata.normalize("NFD", composed), "utf-8")
    with caplog.at_level(logging.WARNING):
        corpus = load_corpus(tmp_path / "mac.abc")
    assert corpus.tunes == (composed.strip(),)
    assert "mac.abc is not in Unicode's form NFC: line 2 and others are normalized" in caplog.text


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
def test_invalid_files(tmp_path, content, message):
    (tmp_path / "bad.abc").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        load_corpus(tmp_path / "bad.abc")


def test_source_is_neither_a_path_nor_a_corpus(tmp_path):
    with pytest.raises(FileNotFoundError, match="neither a file or folder nor a corpus.*oneills"):
        load_corpus("oneils")
    with pytest.raises(ValueError, match="holds no .abc file"):
        load_corpus(tmp_path)


def test_music21_without_its_corpus(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("music21", tmp_path / "__init__.py")
    monkeypatch.setattr("abcrnn.data.registry.find_spec", lambda _: spec)
    with pytest.raises(ValueError, match="lacks the folder .*oneills1850; install the complete"):
        fetch_card(read_card("oneills"))
    monkeypatch.setattr("abcrnn.data.registry.find_spec", lambda _: None)
    with pytest.raises(ValueError, match="oneills is part of music21, which is not installed"):
        fetch_card(read_card("oneills"))


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
                self.wfile.write(b"X:1\n")  # then the connection ends
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


def files_in(cache: Path) -> list[str]:
    return [path.name for path in cache.rglob("*") if path.is_file()]


def test_file_is_fetched_once(server, cache):
    folder, url = server
    (folder / "ok.abc").write_bytes(b"X:1\nK:C\nc\n")
    card = card_of(url, "ok.abc", b"X:1\nK:C\nc\n")
    assert not is_here(card)
    assert fetch_card(card) == [cache / "ok.abc"]
    assert is_here(card)
    (folder / "ok.abc").unlink()
    assert fetch_card(card) == [cache / "ok.abc"]


@pytest.mark.parametrize("name", ["cut.abc", "refused.abc", "missing.abc"])
def test_failed_download_leaves_no_file(server, cache, name):
    _, url = server
    with pytest.raises(ConnectionError, match=f"{name} of the corpus served could not be fetched"):
        fetch_card(card_of(url, name, b"whole"))
    assert files_in(cache) == []


def test_changed_download_is_refused(server, cache):
    folder, url = server
    (folder / "altered.abc").write_bytes(b"X:1\nK:C\nccc\n")
    with pytest.raises(ValueError, match="truncated or modified; nothing was saved"):
        fetch_card(card_of(url, "altered.abc", b"X:1\nK:C\nc\n"))
    assert files_in(cache) == []


def test_no_server(cache):
    with pytest.raises(ConnectionError, match="put it into .*cache or set ABCRNN_DATA"):
        fetch_card(card_of("http://127.0.0.1:9/", "a.abc", b"x"))
    assert files_in(cache) == []


def test_file_of_the_same_name_is_not_overwritten(server, cache):
    folder, url = server
    (folder / "ok.abc").write_bytes(b"X:1\nK:C\nc\n")
    cache.mkdir()
    (cache / "ok.abc").write_bytes(b"X:1\nT:my own\nK:D\nd\n")
    with pytest.raises(ValueError, match="ok.abc is not the file of the corpus served"):
        fetch_card(card_of(url, "ok.abc", b"X:1\nK:C\nc\n"))
    assert (cache / "ok.abc").read_bytes() == b"X:1\nT:my own\nK:D\nd\n"
