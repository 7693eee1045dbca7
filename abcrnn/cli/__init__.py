"""The command line: one module per command."""

from abcrnn.cli.entry_point import main as main
