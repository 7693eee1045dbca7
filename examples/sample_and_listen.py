"""Generate tunes at three temperatures and convert them to MIDI; --play opens one.

python examples/sample_and_listen.py quickstart/model.abcrnn --play
"""

import argparse
import webbrowser
from pathlib import Path

import abcrnn


def main() -> None:
    """Sample tunes, write MIDI files and, with --play, open the last one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", help="a model file, such as quickstart/model.abcrnn")
    parser.add_argument("--prompt", default="X:", help="text that each tune begins with")
    parser.add_argument("--out", type=Path, default=Path("listen"))
    parser.add_argument("--play", action="store_true", help="open the last MIDI file")
    options = parser.parse_args()

    model = abcrnn.load_model(options.model)
    written: list[Path] = []
    for temperature in (0.5, 0.8, 1.1):
        sampler = abcrnn.Sampler(model, temperature=temperature, seed=1, constraint="bars")
        tunes = sampler.tunes(2, options.prompt)
        for number, tune in enumerate(tunes, start=1):
            print(f"\n% temperature {temperature}\n{tune}")
            path = options.out / f"temperature-{temperature}-{number}.mid"
            try:
                abcrnn.to_midi(tune, path)
                written.append(path)
            except abcrnn.ABCError as problem:
                print(f"% not converted: {problem}")
    print(f"\n{len(written)} MIDI files in {options.out}")
    if options.play and written and not webbrowser.open(written[-1].resolve().as_uri()):
        print(f"no program opens MIDI files: open {written[-1]} with TiMidity++, VLC or MuseScore")


if __name__ == "__main__":
    main()
