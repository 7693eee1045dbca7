"""Run the command line: ``python -m abcrnn``."""

import sys

from abcrnn.cli import main

if __name__ == "__main__":
    sys.exit(main())
