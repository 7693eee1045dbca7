"""docs/command-line.md has every command, argument and default of ``--help``, and no other."""

import argparse
import re
from pathlib import Path

import pytest

from abcrnn.cli.entry_point import build_parser

PAGE = (Path(__file__).parents[2] / "docs" / "command-line.md").read_text("utf-8")
ROW = re.compile(r"^\| `([^`]+)` \|(.*?)\| (.+) \|$", re.MULTILINE)
HEADER = "| argument | default | meaning |\n|---|---|---|\n"


def leaves(parser, name="abcrnn"):
    """Commands that run, by their full name."""
    groups = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    if not groups:
        return {name: parser}
    found = {}
    for command, subparser in groups[0].choices.items():
        found |= leaves(subparser, f"{name} {command}")
    return found


COMMANDS = leaves(build_parser())


def label(action):
    """An argument as ``--help`` writes it, such as ``-o, --output FILE``."""
    value = f"{{{','.join(map(str, action.choices))}}}" if action.choices else action.metavar
    if not action.option_strings:
        many = {"+": f"{value}...", "?": f"[{value}]", "*": f"[{value} ...]"}
        return many.get(action.nargs, value)
    names = ", ".join(action.option_strings)
    return names if action.nargs == 0 else f"{names} {value}"


def default(action):
    """The default of an argument as the page writes it."""
    if action.required:
        return "required"
    if action.default is None or action.default is False:
        return ""
    text = f"{action.default:g}" if isinstance(action.default, float) else str(action.default)
    return f"`{text}`"


def documented(command):
    """Rows of the table below the heading of a command: (argument, default)."""
    _, found, section = PAGE.partition(f"\n### {command}\n")
    assert found, f"the page has no heading '### {command}'"
    section = re.split(r"^##+ ", section, maxsplit=1, flags=re.MULTILINE)[0]
    return [(name, value.strip()) for name, value, _ in ROW.findall(section)]


@pytest.mark.parametrize("command", COMMANDS)
def test_the_table_of_a_command(command):
    actions = [a for a in COMMANDS[command]._actions if a.dest != "help"]
    assert documented(command) == [(label(action), default(action)) for action in actions]


def test_the_page_has_no_other_command():
    assert re.findall(r"^### (abcrnn .*)$", PAGE, re.MULTILINE) == list(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_argument_has_help_without_a_full_stop(command):
    for action in COMMANDS[command]._actions:
        assert action.help and not action.help.endswith(".")
        if action.default not in (None, False, argparse.SUPPRESS) and action.option_strings:
            assert re.search(r"\(default: %\(default\)[sg]\)", action.help)


def test_all_tables_have_the_same_head():
    assert PAGE.count(HEADER) == sum(len(parser._actions) > 1 for parser in COMMANDS.values())


def test_the_examples_of_the_page_can_be_parsed():
    """Every line of the page that begins with "abcrnn" is a valid command line."""
    examples = re.findall(r"^abcrnn .*$", PAGE, re.MULTILINE)
    assert len(examples) > 10
    for example in examples:
        arguments = argparse.Namespace(line=example.partition("#")[0].split())
        quoted = re.findall(r'"[^"]*"|\S+', " ".join(arguments.line))
        build_parser().parse_args([part.strip('"') for part in quoted[1:]])
