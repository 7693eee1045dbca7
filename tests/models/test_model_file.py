"""Model files: what is saved and loaded, and files from strangers."""

import io
import json
import os
import zipfile
from collections import Counter

import keras
import numpy as np
import pytest
import tensorflow as tf

from abcrnn import CharacterModel, CharLSTM, Ensemble, Vocabulary, load_model
from abcrnn.data.novelty import NoveltyIndex
from abcrnn.data.time_grid import TimeGrid
from abcrnn.evaluation import Scorer
from abcrnn.events import NoteModel
from abcrnn.models import where_active

VOCABULARY = Vocabulary.from_text("X:1\nK:D abcdefg|")


@pytest.fixture(scope="module")
def model():
    return CharLSTM(VOCABULARY, embedding_dim=6, units=8, num_layers=2, dropout=0.5, seed=1)


@pytest.fixture
def ids():
    return np.random.default_rng(0).integers(len(VOCABULARY), size=(3, 20)).astype(np.int32)


# Saving and loading ------------------------------------------------------------------------


def test_a_loaded_model_equals_the_saved_one(model, ids, tmp_path):
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
    data[data.index(b"\x93NUMPY") + 200] ^= 1
    (tmp_path / "m.abcrnn").write_bytes(data)
    with pytest.raises(ValueError, match="Bad CRC"):
        load_model(tmp_path / "m.abcrnn")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="none.abcrnn: no such file"):
        load_model(tmp_path / "none.abcrnn")
    with pytest.raises(IsADirectoryError, match="is a folder; expected an abcrnn model file"):
        load_model(tmp_path)


def rewritten(path, about=None, arrays=None, compression=zipfile.ZIP_STORED):
    """Write the archive again with some members changed, as a stranger could."""
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
        ({"about": {"vocabulary": "ba"}}, "ascending order"),
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
def test_files_from_strangers_are_refused(model, tmp_path, capsys, changes, message):
    model.save(tmp_path / "m.abcrnn")
    with pytest.raises(ValueError, match=message):
        load_model(rewritten(tmp_path / "m.abcrnn", **changes))
    assert "planted" not in capsys.readouterr().out


@pytest.mark.parametrize("content", [b"", b"text", b"\x80\x04N.", b"PK\x05\x06" + bytes(18)])
def test_files_of_another_format_are_refused(tmp_path, content):
    (tmp_path / "other.keras").write_bytes(content)
    with pytest.raises(ValueError, match="other.keras is not a valid abcrnn model file"):
        load_model(tmp_path / "other.keras")


def test_a_full_disk_keeps_the_old_file(model, tmp_path, full_disk):
    model.save(tmp_path / "m.abcrnn")
    before = (tmp_path / "m.abcrnn").read_bytes()
    with full_disk, pytest.raises(OSError, match="No space left"):
        model.save(tmp_path / "m.abcrnn")
    assert [p.name for p in tmp_path.iterdir()] == ["m.abcrnn"]
    assert (tmp_path / "m.abcrnn").read_bytes() == before


# Half precision ------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_file_in_half_precision_scores_nearly_as_the_model(trained, oneills, tmp_path):
    model = load_model(trained)
    model.save(tmp_path / "half.abcrnn", precision="half")
    half = load_model(tmp_path / "half.abcrnn")
    scores = [Scorer(each).score(oneills.tunes[:40]).bits_per_char for each in (model, half)]
    assert scores[0] != scores[1] == pytest.approx(scores[0], abs=1e-3)
    rounded = {n: a.astype(np.float16) for n, a in model.weight_arrays().items()}
    for name, array in half.weight_arrays().items():
        assert array.dtype == np.float32
        np.testing.assert_array_equal(array, rounded[name])
    assert half.fingerprint != model.fingerprint
    sizes = [path.stat().st_size for path in (trained, tmp_path / "half.abcrnn")]
    assert sizes[0] - sizes[1] == 2 * model.count_params()


def test_everything_but_the_weights_is_the_same_in_half_precision(tmp_path):
    model = CharLSTM(VOCABULARY, **CONFIG)
    model.about, model.novelty = {"epoch": 3}, NoveltyIndex([LEARNED])
    model.trained_digests = model.validated_digests = np.array([2**64 - 1, 7], np.uint64)
    model.save(tmp_path / "half.abcrnn", precision="half")
    half = load_model(tmp_path / "half.abcrnn")
    assert (half.about, half.config) == (model.about, model.config)
    assert half.novelty.compare(LEARNED).bars == 2
    np.testing.assert_array_equal(half.trained_digests, model.trained_digests)
    half.save(tmp_path / "again.abcrnn", precision="half")
    assert (tmp_path / "again.abcrnn").read_bytes() == (tmp_path / "half.abcrnn").read_bytes()
    half.save(tmp_path / "single.abcrnn")
    assert load_model(tmp_path / "single.abcrnn").fingerprint == half.fingerprint


def test_ensembles_are_saved_in_half_precision(model, ids, tmp_path):
    model.save(tmp_path / "half.abcrnn", precision="half")
    other = CharLSTM(VOCABULARY, **{**CONFIG, "seed": 2})
    Ensemble([model, other]).save(tmp_path / "both.abcrnn", precision="half")
    both = load_model(tmp_path / "both.abcrnn")
    half = load_model(tmp_path / "half.abcrnn")
    np.testing.assert_array_equal(both.members[0](ids), half(ids))


@pytest.mark.parametrize("precision", ["double", "Half", None, 16, ["half"]])
def test_other_precisions_are_refused(model, tmp_path, precision):
    with pytest.raises(ValueError, match="precision must be one of single, half, not "):
        model.save(tmp_path / "m.abcrnn", precision=precision)
    assert not (tmp_path / "m.abcrnn").exists()


def test_weights_too_large_for_half_precision_are_refused(tmp_path):
    model = CharLSTM(VOCABULARY, **CONFIG)
    arrays = model.weight_arrays()
    arrays["head/bias"][0] = -1e5
    model.set_weight_arrays(arrays)
    with pytest.raises(ValueError, match="must be single .* head/bias .* 100000, above 65504"):
        model.save(tmp_path / "m.abcrnn", precision="half")
    assert not (tmp_path / "m.abcrnn").exists()
    model.save(tmp_path / "m.abcrnn")
    assert load_model(tmp_path / "m.abcrnn").weight_arrays()["head/bias"][0] == -1e5


# Training tunes ----------------------------------------------------------------------------

LEARNED = "X:1\nM:4/4\nL:1/8\nK:D\nFABA d2A2|BdAF E2D2|]"


def test_the_index_of_training_tunes_is_saved_and_loaded(model, tmp_path):
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
        ({"steps": npy(np.ones(3))}, "steps must be a one-dimensional array of uint32"),
        ({"steps": npy(np.ones((1, 3), np.uint32))}, "steps must be a one-dimensional array"),
        ({"ends": npy(np.array([3], np.int32))}, "ends must be a one-dimensional array of int64"),
        ({"ends": npy(np.array([10**9]))}, "do not divide"),
        ({"ends": npy(np.array([-1]))}, "do not divide"),
        ({"ends": npy(np.array([], np.int64))}, "do not divide"),
        ({"steps": npy(np.full(12, 7, np.uint32))}, "does not end with the end of a voice"),
        ({"more": npy(np.ones(3))}, "has steps and ends"),
        ({"steps": b"no array"}, ": "),
    ],
)
def test_a_damaged_index_is_refused(model, tmp_path, arrays, message):
    try:
        model.novelty = NoveltyIndex([LEARNED])
        assert len(model.novelty.to_arrays()["steps"]) == 12
        model.save(tmp_path / "m.abcrnn")
    finally:
        model.novelty = None
    damaged = {f"arrays/novelty/{name}.npy": array for name, array in arrays.items()}
    with pytest.raises(ValueError, match=f"m.abcrnn is not a valid abcrnn model file.*{message}"):
        load_model(rewritten(tmp_path / "m.abcrnn", arrays=damaged))


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


def test_the_fingerprint_depends_on_vocabulary_config_and_weights():
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


# Entries of the wrong type -------------------------------------------------------------------

JSON_VALUES = [None, True, 3, -1, 0.5, "text", [], [1], {}, {"units": []}]


@pytest.mark.parametrize("name", CONFIG)
@pytest.mark.parametrize("value", JSON_VALUES, ids=repr)
def test_config_values_of_wrong_types_are_refused(model, tmp_path, name, value):
    model.save(tmp_path / "m.abcrnn")
    path = rewritten(tmp_path / "m.abcrnn", about={"config": {**CONFIG, name: value}})
    if (name, value) in [("seed", 3), ("dropout", 0.5)]:
        assert load_model(path).config[name] == value
        return
    with pytest.raises(ValueError, match="m.abcrnn is not a valid abcrnn model file: "):
        load_model(path)


@pytest.mark.parametrize("name", ["vocabulary", "config", "about"])
@pytest.mark.parametrize("value", JSON_VALUES, ids=repr)
def test_entries_of_wrong_types_are_refused(model, tmp_path, name, value):
    model.save(tmp_path / "m.abcrnn")
    path = rewritten(tmp_path / "m.abcrnn", about={name: value})
    if name == "about" and isinstance(value, dict):
        assert load_model(path).about == value
        return
    with pytest.raises(ValueError, match="m.abcrnn is not a valid abcrnn model file: "):
        load_model(path)


@pytest.mark.parametrize("name", ["vocabulary", "config", "about"])
def test_missing_entries_are_named(model, tmp_path, name):
    model.save(tmp_path / "m.abcrnn")
    with zipfile.ZipFile(tmp_path / "m.abcrnn") as archive:
        contents = json.loads(archive.read("about.json"))
    contents.pop(name)
    path = rewritten(tmp_path / "m.abcrnn", arrays={"about.json": json.dumps(contents).encode()})
    with pytest.raises(ValueError, match=f"m.abcrnn is not a valid abcrnn model file: .*{name}"):
        load_model(path)


@pytest.mark.parametrize("about", [{"corpus": 5}, {"corpus": {"origin": "x"}}, {"pieces": []},
                                   {"corpus": {"origin": {"split": 0.5}}}])  # fmt: skip
def test_records_of_training_have_the_expected_structure(model, tmp_path, about):
    model.save(tmp_path / "m.abcrnn")
    path = rewritten(tmp_path / "m.abcrnn", about={"about": about})
    with pytest.raises(ValueError, match=r"its about\..* must be an object, not"):
        load_model(path)


# Classes of users ----------------------------------------------------------------------------


class Mean(CharacterModel):
    """Predicts from the mean of the embeddings read so far."""

    def __init__(self, vocabulary, width=4, blocks=1):
        super().__init__(vocabulary, width=width, blocks=blocks)
        self.embedding = keras.layers.Embedding(len(vocabulary), width)
        self.blocks = [keras.layers.Dense(width) for _ in range(blocks)]
        self.head = keras.layers.Dense(len(vocabulary))
        self.build()

    def initial_state(self, batch_size):
        return tf.zeros((batch_size, self.config["width"])), tf.zeros((batch_size, 1))

    def step(self, ids, state, active=None):
        logits, after = self.unroll(ids[:, None], state)
        return logits[:, 0], where_active(active, after, state)

    def unroll(self, ids, state, dropout_seed=None):
        sums = state[0][:, None] + tf.cumsum(self.embedding(ids), axis=1)
        counts = state[1][:, None] + tf.cumsum(tf.ones_like(sums[..., :1]), axis=1)
        hidden = sums / counts
        for block in self.blocks:
            hidden = block(hidden)
        return self.head(hidden), (sums[:, -1], counts[:, -1])


class WiderMean(Mean):
    """The same network with an argument more."""

    def __init__(self, vocabulary, width=4, blocks=1, scale=1.0):
        super().__init__(vocabulary, width, blocks)
        self.config["scale"] = scale


@pytest.fixture
def mean_file(tmp_path):
    Mean(VOCABULARY, width=5).save(tmp_path / "mean.abcrnn")
    return tmp_path / "mean.abcrnn"


def test_a_user_class_is_loaded_with_everything_saved(ids, tmp_path):
    model = Mean(VOCABULARY, width=5)
    model.novelty, model.trained_digests = NoveltyIndex([LEARNED]), np.array([7], np.uint64)
    model.save(tmp_path / "mean.abcrnn")
    loaded = load_model(tmp_path / "mean.abcrnn", model_class=Mean)
    assert type(loaded) is Mean
    assert set(model.weight_arrays()) == {
        "embedding/embeddings", "blocks.0/kernel", "blocks.0/bias", "head/kernel", "head/bias",
    }  # fmt: skip
    np.testing.assert_array_equal(loaded(ids), model(ids))
    assert loaded.fingerprint == model.fingerprint
    assert loaded.novelty.compare(LEARNED).bars == 2
    assert loaded.trained_digests.tolist() == [7]


def test_without_its_class_the_message_says_what_to_pass(mean_file):
    with pytest.raises(ValueError, match=r"mean.abcrnn .*load_model\(path, model_class=MyModel\)"):
        load_model(mean_file)


def test_a_file_of_ours_is_not_loaded_as_another_class(model, tmp_path):
    model.save(tmp_path / "m.abcrnn")
    with pytest.raises(ValueError, match="m.abcrnn is the file of a CharLSTM: open it without"):
        load_model(tmp_path / "m.abcrnn", model_class=Mean)
    assert type(load_model(tmp_path / "m.abcrnn", model_class=CharLSTM)) is CharLSTM


def test_a_class_derived_from_ours_is_a_user_class(ids, tmp_path):
    class Louder(CharLSTM):
        def unroll(self, ids, state, dropout_seed=None):
            logits, state = super().unroll(ids, state, dropout_seed)
            return 2 * logits, state

    model = Louder(VOCABULARY, embedding_dim=6, units=8, num_layers=1)
    model.save(tmp_path / "m.abcrnn")
    with pytest.raises(ValueError, match="model_class=MyModel"):
        load_model(tmp_path / "m.abcrnn")
    loaded = load_model(tmp_path / "m.abcrnn", model_class=Louder)
    np.testing.assert_array_equal(loaded(ids), model(ids))


class Other(CharacterModel):
    """Another network."""

    def __init__(self, vocabulary, width=4, blocks=1):
        super().__init__(vocabulary, width=width, blocks=blocks)
        self.embedding = keras.layers.Embedding(len(vocabulary), 2 * width)
        self.embedding.build((None, None))
        self.built = True


class Strange(Mean):
    """Mean with other names of arguments."""

    def __init__(self, vocabulary, size=4):
        super().__init__(vocabulary, size)


@pytest.mark.parametrize(
    ("model_class", "reason"),
    [(Other, "needs a weight of shape .15, 10."), (Strange, "Strange has no argument 'width'")],
)
def test_the_wrong_class_is_refused(mean_file, model_class, reason):
    name = model_class.__name__
    with pytest.raises(ValueError, match=f"not the file of a {name}: .*{reason}.*Pass the class"):
        load_model(mean_file, model_class=model_class)


def test_an_error_in_the_class_is_one_line(mean_file):
    class Broken(Mean):
        def unroll(self, ids, state, dropout_seed=None):
            raise TypeError("broken on purpose")

    with pytest.raises(
        ValueError, match=r"not the file of a Broken: .*broken on purpose"
    ) as raised:
        load_model(mean_file, model_class=Broken)
    assert "\n" not in str(raised.value)


def test_a_class_may_get_arguments_with_defaults_later(mean_file):
    assert load_model(mean_file, model_class=WiderMean).config == {
        "width": 5, "blocks": 1, "scale": 1.0,
    }  # fmt: skip


@pytest.mark.parametrize("model_class", ["Mean", 3, dict, keras.Model, Mean(VOCABULARY)])
def test_what_is_no_model_class_is_refused(mean_file, model_class):
    with pytest.raises(ValueError, match="model_class must be a class derived from"):
        load_model(mean_file, model_class=model_class)


@pytest.mark.parametrize("change", [{"width": 10**9}, {"width": 30_000}, {"blocks": 3}])
def test_a_user_class_allocates_no_more_than_the_file_has(mean_file, change):
    path = rewritten(mean_file, about={"config": {"width": 5, "blocks": 1, **change}})
    allocated = []

    def count(next_creator, **options):
        variable = next_creator(**options)
        allocated.append(variable.shape.num_elements())
        return variable

    with (
        tf.variable_creator_scope(count),
        pytest.raises(ValueError, match="not the file of a Mean: its config needs a weight"),
    ):
        load_model(path, model_class=Mean)
    assert sum(allocated) < 1000


def test_a_model_of_notes_is_named(tmp_path):
    grid = TimeGrid(np.array([0.0, 0.5]), np.array([0.5]))
    NoteModel("window", grid, {"units": 3, "seq_length": 4}).save(tmp_path / "n.abcrnn")
    with pytest.raises(ValueError, match="n.abcrnn is the file of a model of notes.*load_note_mod"):
        load_model(tmp_path / "n.abcrnn")


def test_a_class_without_build_is_told_to_call_it(tmp_path):
    class Unbuilt(CharacterModel):
        pass

    with pytest.raises(ValueError, match=r"Unbuilt has no weights yet: call self.build\(\)"):
        Unbuilt(VOCABULARY).save(tmp_path / "m.abcrnn")
    with pytest.raises(NotImplementedError, match="Unbuilt must define initial_state"):
        Unbuilt(VOCABULARY).initial_state(1)
    assert not list(tmp_path.iterdir())


def test_weights_of_another_type_are_named(tmp_path):
    class Half(CharacterModel):
        def __init__(self, vocabulary):
            super().__init__(vocabulary)
            self.table = keras.layers.Embedding(len(vocabulary), 2, dtype="float16")
            self.table.build((None, None))
            self.built = True

    with pytest.raises(ValueError, match="table/embeddings is float16: create its layer with"):
        Half(VOCABULARY).save(tmp_path / "m.abcrnn")


def test_names_of_weights_are_unique_and_last(tmp_path):
    class Both(CharacterModel):
        def __init__(self, vocabulary):
            super().__init__(vocabulary)
            self._hidden = keras.layers.Bidirectional(keras.layers.GRU(2))
            self._hidden.build((None, None, 3))
            self.scale = self.add_weight(name="scale", shape=(2,))
            self.built = True

    names = set(Both(VOCABULARY).weight_arrays())
    assert names == {
        "_hidden/kernel", "_hidden/recurrent_kernel", "_hidden/bias",
        "_hidden/kernel.2", "_hidden/recurrent_kernel.2", "_hidden/bias.2", "scale",
    }  # fmt: skip
    Both(VOCABULARY).save(tmp_path / "m.abcrnn")
    assert set(load_model(tmp_path / "m.abcrnn", model_class=Both).weight_arrays()) == names


@pytest.mark.parametrize("name", ["m", "m.abcrnn", "m.model", "jigs.v2", "m.keras.abcrnn"])
def test_any_ending_that_is_not_of_keras_is_accepted(model, tmp_path, name):
    for path in (tmp_path / name, str(tmp_path / name), os.fsencode(tmp_path / name)):
        model.save(path)
        assert load_model(path).config == model.config
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["m.keras", "m.H5", "m.weights.h5"])
def test_a_note_model_refuses_the_endings_of_keras(tmp_path, name):
    grid = TimeGrid(np.array([0.0, 0.25]), np.array([0.25]))
    notes = NoteModel("window", grid, {"units": 4, "seed": 1})
    with pytest.raises(ValueError, match="has the ending of a Keras file"):
        notes.save(tmp_path / name)
    assert not list(tmp_path.iterdir())
