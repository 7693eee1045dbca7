"""Public names and signatures equal those listed in public_surface.txt.

After a deliberate change: ``python tests/test_public_surface.py`` rewrites the list.
"""

import inspect
import sys
from importlib import import_module
from pathlib import Path

LIST = Path(__file__).with_name("public_surface.txt")
PACKAGES = ("abcrnn", "abcrnn.events", "abcrnn.notation")


def public_surface() -> str:
    """Return one line for each public name, method and property of the public packages."""
    lines = []
    for package in map(import_module, PACKAGES):
        for name in sorted(package.__all__):
            lines += described(f"{package.__name__}.{name}", getattr(package, name))
    return "\n".join(lines) + "\n"


def described(name, value):
    if not inspect.isclass(value):
        return [name + signature(value)]
    lines = [name + constructor_signature(value)]
    for member, defined in sorted(own_members(value).items()):
        if isinstance(defined, classmethod | staticmethod):
            lines.append(f"{name}.{member}{signature(getattr(value, member))}")
        elif inspect.isfunction(defined):
            lines.append(f"{name}.{member}{signature(defined, skip_first=True)}")
        elif isinstance(defined, property):
            lines.append(f"{name}.{member}")
    return lines


def constructor_signature(cls):
    for base in cls.__mro__:
        if base.__module__.startswith("abcrnn.") and "__init__" in vars(base):
            return signature(base.__init__, skip_first=True)  # Keras hides it behind __new__
    return signature(cls)


def own_members(cls):
    """Public members that abcrnn defines, also in base classes; not those of other packages."""
    members = {}
    for base in reversed(cls.__mro__):
        if base.__module__.startswith("abcrnn."):
            members |= {name: item for name, item in vars(base).items() if name[0] != "_"}
    return members


def signature(function, skip_first=False):
    """Parameters with their kinds and defaults; annotations are checked by mypy."""
    parameters = list(inspect.signature(function).parameters.values())[int(skip_first) :]
    bare = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in parameters]
    return str(inspect.Signature(bare))


def test_public_surface_is_as_listed():
    found, listed = public_surface().splitlines(), LIST.read_text("utf-8").splitlines()
    missing = [line for line in listed if line not in found]
    added = [line for line in found if line not in listed]
    assert (missing, added) == ([], []), "see the first lines of this file"
    assert found == listed


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    LIST.write_text(public_surface(), encoding="utf-8")
