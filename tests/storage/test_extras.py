import sys

import pytest

from abcrnn.storage.extras import import_extra, import_pretty_midi, import_tensorboard


@pytest.mark.parametrize(
    ("importer", "module", "extra"),
    [
        (import_pretty_midi, "pretty_midi", "events"),
        (import_tensorboard, "tensorboard", "tensorboard"),
    ],
)
def test_a_missing_package_names_its_extra(monkeypatch, importer, module, extra):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError) as missing:
        importer()
    assert str(missing.value).endswith(f' needs {module}: pip install "abcrnn[{extra}]"')


def test_a_package_that_is_installed_is_returned():
    assert import_extra("json", "events", "nothing") is sys.modules["json"]
    assert import_pretty_midi().PrettyMIDI
