import io
import json
import zipfile
from collections import Counter

import numpy as np
import pytest
import tensorflow as tf

from abcrnn import CharLSTM, Vocabulary, load_model
from abcrnn.data.novelty import NoveltyIndex
from abcrnn.models.recipes import RECIPES

VOCABULARY = Vocabulary.from_text("X:1\nK:D abcdefg|")


@pytest.fixture(scope="module")
def model():
    return CharLSTM(VOCABULARY, embedding_dim=6, units=8, num_layers=2, dropout=0.5, seed=1)


@pytest.fixture
def ids():
    return np.random.default_rng(0).integers(len(VOCABULARY), size=(3, 20)).astype(np.int32)


def of_size(n):
    return Vocabulary("".join(chr(32 + i) for i in range(n)))


@pytest.mark.parametrize(
    ("name", "size", "count"), [("mit", 83, 5_353_299), ("jigs", 86, 1_904_214)]
)
def test_recipes_have_the_parameters_of_their_authors(name, size, count):
    assert CharLSTM.from_recipe(name, of_size(size)).count_params() == count


def test_recipe_can_be_overridden_and_unknown_ones_are_refused():
    assert CharLSTM.from_recipe("mit", VOCABULARY, units=4).config["units"] == 4
    with pytest.raises(
        ValueError, match=f"no recipe 'mti'; there are {', '.join(sorted(RECIPES))}"
    ):
        CharLSTM.from_recipe("mti", VOCABULARY)


def test_stepwise_logits_equal_the_full_windows(model, ids):
    whole = model(ids)
    assert whole.shape == (3, 20, len(VOCABULARY))
    state = model.initial_state(3)
    for t in range(20):
        logits, state = model.step(ids[:, t], state)
        np.testing.assert_allclose(logits, whole[:, t], atol=1e-5)


def test_state_carried_over_equals_one_window(model, ids):
    whole, last = model.unroll(ids, model.initial_state(3))
    first, state = model.unroll(ids[:, :7], model.initial_state(3))
    second, state = model.unroll(ids[:, 7:], state)
    np.testing.assert_allclose(np.concatenate([first, second], axis=1), whole, atol=1e-5)
    for got, wanted in zip(tf.nest.flatten(state), tf.nest.flatten(last), strict=True):
        np.testing.assert_allclose(got, wanted, atol=1e-5)


def test_call_drops_in_training_only(model, ids):
    np.testing.assert_array_equal(model(ids), model(ids))
    assert not np.array_equal(model(ids, training=True), model(ids))


@pytest.mark.parametrize(
    ("argument", "value"),
    [("units", 0), ("num_layers", -1), ("embedding_dim", 2.5), ("dropout", 1.0), ("dropout", -0.1),
     ("recurrent_initializer", "zeros"), ("units", True)],
)  # fmt: skip
def test_bad_arguments_are_named(argument, value):
    with pytest.raises(ValueError, match=f"{argument} must be.*not {value!r}"):
        CharLSTM(VOCABULARY, **{argument: value})


# Saving and loading ------------------------------------------------------------------------


def test_saved_and_loaded_is_the_same(model, ids, tmp_path):
    model.about = {"epoch": 3}
    model.save(tmp_path / "m.abcrnn")
    loaded = load_model(tmp_path / "m.abcrnn")
    np.testing.assert_array_equal(loaded(ids), model(ids))
    assert loaded.vocabulary == VOCABULARY
    assert loaded.config == model.config
    assert loaded.about == {"epoch": 3}
    loaded.save(tmp_path / "again.abcrnn")
    assert (tmp_path / "again.abcrnn").read_bytes() == (tmp_path / "m.abcrnn").read_bytes()


@pytest.mark.parametrize("change", [{"units": 10**9}, {"units": 20_000}, {"embedding_dim": 10**9},
                                    {"num_layers": 3}, {"num_layers": 10**9}])  # fmt: skip
def test_a_configuration_allocates_nothing_that_the_file_does_not_have(model, tmp_path, change):
    model.save(tmp_path / "m.abcrnn")
    path = rewritten(tmp_path / "m.abcrnn", about={"config": {**CONFIG, **change}})
    allocated = []

    def count(next_creator, **options):
        variable = next_creator(**options)
        allocated.append(tuple(variable.shape))
        return variable

    with (
        tf.variable_creator_scope(count),
        pytest.raises(ValueError, match="needs a weight of shape .*; the file has left"),
    ):
        load_model(path)
    in_file = Counter(array.shape for array in model.weight_arrays().values())
    weights = Counter(shape for shape in allocated if shape != (2,))  # (2,): seeds of layers
    assert weights <= in_file
    assert len(allocated) < 20


@pytest.mark.parametrize("kept", [0, 10, 1000, -1])
def test_a_truncated_file_is_refused(model, tmp_path, kept):
    model.save(tmp_path / "m.abcrnn")
    data = (tmp_path / "m.abcrnn").read_bytes()
    (tmp_path / "m.abcrnn").write_bytes(data[:kept])
    with pytest.raises(ValueError, match="m.abcrnn is not a valid abcrnn model file"):
        load_model(tmp_path / "m.abcrnn")


def test_an_altered_file_is_refused(model, tmp_path):
    model.save(tmp_path / "m.abcrnn")
    data = bytearray((tmp_path / "m.abcrnn").read_bytes())
    place = data.index(b"\x93NUMPY") + 200
    data[place] ^= 1
    (tmp_path / "m.abcrnn").write_bytes(data)
    with pytest.raises(ValueError, match="Bad CRC"):
        load_model(tmp_path / "m.abcrnn")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="none.abcrnn: no such file"):
        load_model(tmp_path / "none.abcrnn")
    with pytest.raises(FileNotFoundError, match="no such file"):
        load_model(tmp_path)


def rewritten(path, about=None, arrays=None, compression=zipfile.ZIP_STORED):
    """Write the archive anew with some parts changed, as a stranger could."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    if about:
        parts["about.json"] = json.dumps({**json.loads(parts["about.json"]), **about}).encode()
    parts |= arrays or {}
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return path


def npy(array, allow_pickle=False):
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=allow_pickle)
    return buffer.getvalue()


class Planted:
    def __reduce__(self):
        return (print, ("planted code ran",))


CONFIG = {"embedding_dim": 6, "units": 8, "num_layers": 2, "dropout": 0.5,
          "recurrent_initializer": "orthogonal", "seed": 1}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"about": {"format": "abcrnn checkpoint 2"}}, "its format is 'abcrnn checkpoint 2'"),
        ({"about": {"format": "abcrnn model 99"}}, "expected 'abcrnn model 1'"),
        ({"about": {"config": {**CONFIG, "units": 10**9}}}, "needs a weight of shape .*4000000000"),
        ({"about": {"config": {**CONFIG, "num_layers": 10**9}}}, "needs a weight of shape .8, 32."),
        ({"about": {"config": {**CONFIG, "class_name": "os.system"}}}, "class_name"),
        ({"about": {"config": {"units": 8}}}, "embedding_dim"),
        ({"about": {"config": None}}, "not a valid abcrnn model"),
        ({"about": {"vocabulary": "ba"}}, "rising order"),
        ({"about": {"vocabulary": 7}}, "characters must be a string"),
        ({"about": {"vocabulary": "abc"}}, "needs a weight of shape .3, 6."),
        ({"arrays": {"arrays/extra.npy": npy(np.zeros(3))}}, "extra"),
        ({"arrays": {"arrays/head/bias.npy": npy(np.zeros(3, np.float32))}}, "head/bias"),
        ({"arrays": {"arrays/head/bias.npy": npy(np.zeros(14))}}, "is float64"),
        ({"arrays": {"arrays/head/bias.npy": b"not an array"}}, "not a valid"),
        ({"compression": zipfile.ZIP_DEFLATED}, "is compressed, which abcrnn never does"),
        (
            {"arrays": {"arrays/head/bias.npy": npy(np.array([Planted()]), allow_pickle=True)}},
            "has objects instead of numbers",
        ),
    ],
)
def test_files_made_by_strangers_are_refused(model, tmp_path, capsys, changes, message):
    model.save(tmp_path / "m.abcrnn")
    with pytest.raises(ValueError, match=message):
        load_model(rewritten(tmp_path / "m.abcrnn", **changes))
    assert "planted" not in capsys.readouterr().out


@pytest.mark.parametrize("content", [b"", b"text", b"\x80\x04N.", b"PK\x05\x06" + bytes(18)])
def test_files_of_another_format_are_refused(tmp_path, content):
    (tmp_path / "other.keras").write_bytes(content)
    with pytest.raises(ValueError, match="other.keras is not a valid abcrnn model file"):
        load_model(tmp_path / "other.keras")


def test_a_full_disk_leaves_the_old_file(model, tmp_path, full_disk):
    model.save(tmp_path / "m.abcrnn")
    before = (tmp_path / "m.abcrnn").read_bytes()
    with full_disk, pytest.raises(OSError, match="No space left"):
        model.save(tmp_path / "m.abcrnn")
    assert [p.name for p in tmp_path.iterdir()] == ["m.abcrnn"]
    assert (tmp_path / "m.abcrnn").read_bytes() == before


# What it was trained on ----------------------------------------------------------------------

LEARNED = "X:1\nM:4/4\nL:1/8\nK:D\nFABA d2A2|BdAF E2D2|]"


def test_the_index_of_training_tunes_is_kept(model, tmp_path):
    assert model.novelty is None
    model.save(tmp_path / "without.abcrnn")
    assert load_model(tmp_path / "without.abcrnn").novelty is None
    index = NoveltyIndex([LEARNED, "X:2\nM:4/4\nL:1/8\nK:D\nABcd efga|"])
    try:
        model.novelty = index
        model.save(tmp_path / "with.abcrnn")
    finally:
        model.novelty = None
    loaded = load_model(tmp_path / "with.abcrnn")
    for tune in (LEARNED, LEARNED.replace("K:D", "K:G"), LEARNED.replace("d2A2", "f2A2")):
        assert loaded.novelty.compare(tune) == index.compare(tune)
    assert loaded.novelty.compare(LEARNED).bars == 2
    loaded.save(tmp_path / "again.abcrnn")
    assert (tmp_path / "again.abcrnn").read_bytes() == (tmp_path / "with.abcrnn").read_bytes()


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"steps": npy(np.ones(3))}, "steps must be a row of uint32"),
        ({"steps": npy(np.ones((1, 3), np.uint32))}, "steps must be a row"),
        ({"ends": npy(np.array([3], np.int32))}, "ends must be a row of int64"),
        ({"ends": npy(np.array([10**9]))}, "do not part"),
        ({"ends": npy(np.array([-1]))}, "do not part"),
        ({"ends": npy(np.array([], np.int64))}, "do not part"),
        ({"steps": npy(np.full(12, 7, np.uint32))}, "not closed"),
        ({"more": npy(np.ones(3))}, "has steps and ends"),
        ({"steps": b"no array"}, ": "),
    ],
)
def test_a_spoilt_index_is_refused(model, tmp_path, arrays, message):
    try:
        model.novelty = NoveltyIndex([LEARNED])
        assert len(model.novelty.to_arrays()["steps"]) == 12
        model.save(tmp_path / "m.abcrnn")
    finally:
        model.novelty = None
    spoilt = {f"arrays/novelty/{name}.npy": array for name, array in arrays.items()}
    with pytest.raises(ValueError, match=f"m.abcrnn is not a valid abcrnn model file.*{message}"):
        load_model(rewritten(tmp_path / "m.abcrnn", arrays=spoilt))


def test_digests_of_training_tunes_are_saved_and_loaded(tmp_path):
    model = CharLSTM(VOCABULARY, **CONFIG)
    assert model.trained_digests is None
    model.save(tmp_path / "without.abcrnn")
    assert load_model(tmp_path / "without.abcrnn").trained_digests is None
    digests = np.array([2**64 - 1, 0, 7], np.uint64)
    model.trained_digests = digests
    model.save(tmp_path / "with.abcrnn")
    loaded = load_model(tmp_path / "with.abcrnn")
    assert loaded.trained_digests.dtype == np.uint64
    np.testing.assert_array_equal(loaded.trained_digests, digests)
    assert loaded.fingerprint == load_model(tmp_path / "without.abcrnn").fingerprint


@pytest.mark.parametrize("digests", [np.ones(3), np.ones(3, np.int64), np.ones((1, 3), np.uint64)])
def test_digests_of_another_type_or_shape_are_refused(tmp_path, digests):
    model = CharLSTM(VOCABULARY, **CONFIG)
    model.trained_digests = digests
    with pytest.raises(ValueError, match="must be one row of uint64, not"):
        model.save(tmp_path / "m.abcrnn")
    model.trained_digests = None
    model.save(tmp_path / "m.abcrnn")
    path = rewritten(tmp_path / "m.abcrnn", arrays={"arrays/trained/digests.npy": npy(digests)})
    with pytest.raises(ValueError, match="abcrnn model file.*must be one row of uint64, not"):
        load_model(path)


def test_the_fingerprint_is_of_what_draws():
    def built(vocabulary=VOCABULARY, **changes):
        return CharLSTM(vocabulary, **{**CONFIG, **changes})

    model, same = built(), built()
    same.about, same.novelty = {"epoch": 9}, NoveltyIndex([LEARNED])
    assert model.fingerprint == same.fingerprint
    others = [built(dropout=0.2), built(seed=2), built(Vocabulary.from_text("X:1\nK:D abcdefh|"))]
    moved = built()
    arrays = moved.weight_arrays()
    arrays["head/bias"][3] += 1e-6
    moved.set_weight_arrays(arrays)
    prints = {m.fingerprint for m in [model, moved, *others]}
    assert len(prints) == 5
    assert all(len(p) == 64 and int(p, 16) for p in prints)
