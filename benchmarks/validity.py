"""Count the constrained tunes that other programs object to: ``python -m benchmarks validity``.

Generates tunes under the constraint in each meter, and counts those that abcrnn's own parser,
abc2midi and verovio object to. The column ``formatted`` counts the tunes for which abc2midi has any
message, notices too, in the text that compose returns: ``tidy(tune, repeats=True)``. The results of
each seed are appended to a file of JSON lines, so an interrupted run can be resumed, and several
runs can share the seeds.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from abcrnn import check_tune, load_corpus, tidy, to_musicxml
from abcrnn.grammar import END, PitchAutomaton, PitchState, State, TuneAutomaton

METERS = ("2/4", "3/4", "4/4", "C", "C|", "6/8", "9/8", "12/8", "3/8", "6/4")
SOURCES = ("walks", "untrained")
#: What abc2midi says when it plays a ``:|`` without ``|:`` as the standard (4.8) says.
_NOTICES = re.compile(r"Assuming repeat|replacing \|: with double repeat")
_MESSAGE = re.compile(r"(Error|Warning)\b.*")
_MAX_LENGTH = 500

#: Returns that many tunes that begin with a text, for a seed.
Source = Callable[[str, int, int], list[str]]


def main(arguments: Sequence[str]) -> int:
    """Generate and check the tunes of the requested seeds; print the totals of the file."""
    options = _parser().parse_args(arguments)
    done = {(record["source"], record["meter"], record["seed"]) for record in _records(options.out)}
    source = _source(options)
    for seed in options.seeds:
        for meter in METERS:
            if (options.source, meter, seed) in done:
                continue
            tunes = source(f"X:1\nM:{meter}\nK:{options.key}\n", options.tunes, seed)
            record = {
                "source": options.source,
                "meter": meter,
                "seed": seed,
                **_checked(tunes, options.engrave),
            }
            with options.out.open("a", encoding="utf-8") as file:
                file.write(json.dumps(record) + "\n")
    print(_totals(_records(options.out)))
    return 0


def _checked(tunes: list[str], engrave: bool) -> dict[str, Any]:
    """Return the number of tunes and of those with problems, and examples of them."""
    counts = Counter(tunes=len(tunes))
    examples = {}
    with tempfile.TemporaryDirectory() as folder:
        for tune in tunes:
            found = {"invalid": [str(problem) for problem in check_tune(tune)]}
            lines = messages(tune, Path(folder))
            found["abc2midi"] = [line for line in lines if not _NOTICES.search(line)]
            found["notice"] = [line for line in lines if _NOTICES.search(line)]
            # As compose returns it.
            found["formatted"] = messages(tidy(tune, repeats=True), Path(folder))
            for name, lines in found.items():
                if lines:
                    counts[name] += 1
                    examples[name] = {"tune": tune, "lines": lines}
        if engrave:
            failed = _not_engraved(tunes, Path(folder))
            counts["not engraved"] = len(failed)
            counts["engraved"] = len(tunes) - len(failed)
            if failed:
                examples["not engraved"] = {"tune": failed[0]}
    examples.pop("notice", None)
    return {"counts": counts, "examples": examples}


def messages(tune: str, folder: Path) -> list[str]:
    """Return the errors and warnings of abc2midi."""
    path = folder / "tune.abc"
    path.write_text(tune + "\n", encoding="utf-8")
    done = subprocess.run(  # noqa: S603
        ["abc2midi", path, "1", "-o", folder / "tune.mid"],  # noqa: S607
        capture_output=True,
        text=True,
        errors="replace",
        timeout=60,
    )
    lines = [found[0] for found in map(_MESSAGE.match, done.stdout.splitlines()) if found]
    return lines if done.returncode == 0 else [*lines, f"exit status {done.returncode}"]


def _not_engraved(tunes: list[str], folder: Path) -> list[str]:
    """Return the tunes that verovio cannot engrave, or that make it crash."""
    failed, path = [], folder / "tune.musicxml"
    pool = None
    for tune in tunes:
        to_musicxml(tune, path)
        pool = pool or ProcessPoolExecutor(1, get_context("spawn"))
        try:
            is_engraved = pool.submit(_engrave, path.read_text("utf-8")).result(timeout=60)
        except (BrokenProcessPool, TimeoutError):
            is_engraved, pool = False, None
        if not is_engraved:
            failed.append(tune)
    if pool:
        pool.shutdown()
    return failed


def _engrave(musicxml: str) -> bool:
    """Whether verovio draws a page; in a child process, because it may crash."""
    import verovio

    verovio.enableLog(verovio.LOG_OFF)
    toolkit = verovio.toolkit()
    return toolkit.loadData(musicxml) and "<svg" in toolkit.renderToSVG(1)


# Sources of tunes --------------------------------------------------------------------------------


def _source(options: argparse.Namespace) -> Source:
    alphabet = "".join(sorted(set(load_corpus(options.corpus).text)))
    return _walks(alphabet) if options.source == "walks" else _network(alphabet, options)


def _walks(alphabet: str) -> Source:
    """Return a source of random walks, in which every allowed character is equally likely."""
    automaton, pitches = TuneAutomaton(alphabet), PitchAutomaton()
    rows: dict[State, list[tuple[str, State, int]]] = {}

    def walk(prompt: str, choice: random.Random) -> str:
        state, text, pitch = automaton.follow(prompt)[0], prompt, PitchState()
        for c in prompt:
            pitch = pitches.step(pitch, c) or pitch
        while state != END:
            if state not in rows:
                successors = automaton.successors(state).items()
                rows[state] = [(c, after, automaton.need(after) or 0) for c, after in successors]
            room = _MAX_LENGTH - len(text) - 1
            c, state, pitch = choice.choice(
                [
                    (c, after, held)
                    for c, after, need in rows[state]
                    if need <= room and (held := pitches.step(pitch, c)) is not None
                ]
            )
            text += c
        return text[:-2]

    def walks(prompt: str, count: int, seed: int) -> list[str]:
        choice = random.Random(f"{seed} {prompt}")  # noqa: S311
        return [walk(prompt, choice) for _ in range(count)]

    return walks


def _network(alphabet: str, options: argparse.Namespace) -> Source:
    """Return a source of tunes by an untrained network, or by the model of a file."""
    from abcrnn import CharLSTM, Sampler, Vocabulary, load_model
    from abcrnn.grammar.transition_tables import TransitionTables

    if options.model:
        model = load_model(options.model)
    else:
        model = CharLSTM(Vocabulary(alphabet), embedding_dim=16, units=32, num_layers=1)
    tables = TransitionTables(model.vocabulary.characters)

    def tunes(prompt: str, count: int, seed: int) -> list[str]:
        sampler = Sampler(model, temperature=options.temperature, seed=seed, constraint=tables)
        return sampler.tunes(count, prompt, _MAX_LENGTH)

    return tunes


# Records -----------------------------------------------------------------------------------------


def _records(path: Path) -> Iterator[dict[str, Any]]:
    if path.exists():
        for line in path.read_text("utf-8").splitlines():
            yield json.loads(line)


def _totals(records: Iterator[dict[str, Any]]) -> str:
    """Return a table with one line for each source and meter."""
    totals: dict[tuple[str, str], Counter[str]] = {}
    for record in records:
        for meter in (record["meter"], "all"):
            total = totals.setdefault((record["source"], meter), Counter())
            total.update(record["counts"])
    names = ("tunes", "invalid", "abc2midi", "notice", "formatted", "engraved", "not engraved")
    lines = ["| source | meter | " + " | ".join(names) + " |", "|---|---|" + "---|" * len(names)]
    for (source, meter), total in sorted(totals.items(), key=lambda item: item[0]):
        cells = " | ".join(str(total[name]) for name in names)
        lines.append(f"| {source} | {meter.replace('|', '&#124;')} | {cells} |")
    return "\n".join(lines)


def _seeds(text: str) -> range:
    first, _, end = text.partition(":")
    return range(int(first), int(end or int(first) + 1))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks validity", description=__doc__)
    parser.add_argument("out", type=Path, help="file of JSON lines that the results are added to")
    parser.add_argument("--seeds", type=_seeds, default=range(1), metavar="FIRST:END")
    parser.add_argument("--tunes", type=int, default=10, help="tunes for each seed and meter")
    parser.add_argument("--source", default="walks", choices=[*SOURCES, "model"])
    parser.add_argument("--model", metavar="FILE", help="a trained model, for --source model")
    parser.add_argument("--temperature", type=float, default=1.0)
    parser.add_argument("--corpus", default="jigs", help="whose characters are used")
    parser.add_argument("--key", default="D")
    parser.add_argument("--engrave", action="store_true", help="also engrave with verovio")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
