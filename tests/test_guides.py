"""The guides: commands, options and Python names exist; every kind of problem is explained."""

import argparse
import ast
import re
import shlex
from pathlib import Path

import pytest

import abcrnn
from abcrnn.cli.entry_point import build_parser
from abcrnn.notation import check_tune, read_blocks
from abcrnn.notation.fragments import check_fragment

ROOT = Path(__file__).parents[1]
GUIDES = ["own-tunebook", "shell-to-notebook", "messages", "getting-started", "from-the-mit-lab"]
NOTATION = Path(abcrnn.__file__).parent / "notation"
HEADER = {"X": "X:1", "M": "M:4/4", "L": "L:1/4", "K": "K:C"}
ROW = re.compile(r"^\| `(\w+)` \| (.+?) \| `(.+?)` \| (.+) \|$", re.MULTILINE)
#: Calls whose kind is not a literal, and the kinds that they can have.
DYNAMIC = {"_message(kind, text, in_file_header)": {"lost", "outside"}}


def page(name):
    return (ROOT / "docs" / f"{name}.md").read_text("utf-8")


def blocks(name, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", page(name), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("name", GUIDES)
def test_the_commands_of_a_guide_can_be_parsed(name):
    commands = [
        line
        for block in blocks(name, "sh")
        for line in block.splitlines()
        if line.startswith("abcrnn ")
    ]
    assert commands or name in {"messages", "from-the-mit-lab"}
    for command in commands:
        parsed = build_parser().parse_args(shlex.split(command, comments=True)[1:])
        assert isinstance(parsed, argparse.Namespace), command


@pytest.mark.parametrize("name", GUIDES)
def test_the_options_named_in_a_guide_exist(name):
    known = re.findall(r"(?<![\w-])--?[a-z][a-z-]*", page("command-line"))
    named = re.findall(r"(?<![\w-])--[a-z][a-z-]*", page(name))
    assert set(named) <= {*known, "--help"}


@pytest.mark.parametrize("name", ["own-tunebook", "shell-to-notebook", "from-the-mit-lab"])
def test_the_python_of_a_guide_uses_public_names(name):
    source = "\n".join(blocks(name, "python"))
    tree = ast.parse(source)
    names = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "abcrnn"
    }
    assert names and names <= set(abcrnn.__all__)


# What the messages mean ----------------------------------------------------------------------


def rows():
    return [
        (kind, example.replace("\\|", "|"), message.replace("\\|", "|"))
        for kind, example, message, _ in ROW.findall(page("messages"))
    ]


def kinds_in_the_code():
    """First word of every call of ``Problem`` or a method that ends in ``problem``."""
    kinds = set()
    for path in NOTATION.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if not name.lower().endswith("problem"):
                continue
            literals = [a.value for a in node.args if isinstance(a, ast.Constant)]
            words = [v for v in literals if isinstance(v, str) and v.isalpha()]
            kinds |= set(words[:1]).union(
                *(DYNAMIC.get(ast.unparse(a).lstrip("*"), set()) for a in node.args)
            )
    return kinds


def test_every_kind_of_problem_is_explained():
    assert {kind for kind, *_ in rows()} == kinds_in_the_code()


def tune_of(example):
    """The tune of an example: its lines, and the fields of the header that it does not have."""
    lines = re.findall(r"`([^`]*)`", example.partition(", without")[0])
    if example.startswith("an empty line"):
        return "\n".join([*HEADER.values(), "CDEF|]", "", *lines])
    if lines[0].startswith("X:"):
        return "\n".join(lines)
    fields = {line[0]: line for line in lines if re.match("[PMLK]:", line)}
    body = [line for line in lines if line not in fields.values()]
    header = {**HEADER, **fields}
    return "\n".join([*(header[letter] for letter in "XMPLK" if letter in header), *body])


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row[0]} {row[1]}")
def test_the_example_of_a_problem_gives_its_message(row):
    kind, example, message = row
    found = []
    for block in read_blocks(tune_of(example).splitlines(keepends=True)):
        found += (
            check_tune(block.text, unsupported=True) if block.is_tune else check_fragment(block)
        )
    assert (kind, message) in [(problem.kind, problem.message) for problem in found]
