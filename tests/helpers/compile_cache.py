"""Compiled programs that the processes which tests start share.

Most of the time of such a process goes to compiling, and many of them run the same program:
one that is killed and started again, or several workers. XLA saves what it compiles under a
digest of the program, and the next process reads it. Results are the same, bit for bit.
"""

import tempfile
from functools import cache


@cache
def _folder() -> tempfile.TemporaryDirectory:
    """A folder that is removed when this process ends."""
    return tempfile.TemporaryDirectory(prefix="abcrnn-compiled-")


def shared_compilation() -> dict[str, str]:
    """Return environment variables with which started processes share compiled programs."""
    directory = f"--tf_xla_persistent_cache_directory={_folder().name}"
    return {"TF_XLA_FLAGS": f"{directory} --tf_xla_persistent_cache_device_types=CPU"}
