"""The command line: ``abcrnn COMMAND``.

Each command is a module with ``add_parser`` (its arguments) and ``run`` (what it does).
Commands import what they need when they run, so that ``--help`` is quick: TensorFlow
takes seconds.

================  =================================================================
``program``       :func:`main`: Ctrl-C while the commands are imported
``entry_point``   the list of commands, exit codes
``arguments``     argument types and groups of options that commands share
``terminal``      inputs and outputs that commands share
``training_run``  what ``train`` and ``events train`` share
================  =================================================================

To add a command: a module with ``add_parser`` and ``run``, its name in ``entry_point``,
and a section in docs/command-line.md, which a test compares with ``--help``.
"""

from abcrnn.cli.program import main as main
