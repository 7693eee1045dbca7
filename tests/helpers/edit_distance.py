"""Edit distances, computed as a whole table."""

import numpy as np


def fewest_changes(pattern, others):
    """Least number of replaced, removed or inserted items from a pattern to a passage.

    ``pattern`` has the shape (items,), ``others`` (..., items). Values that pad the others must
    not occur in the pattern.
    """
    row = np.zeros((*others.shape[:-1], others.shape[-1] + 1), np.int16)
    columns = np.arange(row.shape[-1], dtype=np.int16)
    for count, item in enumerate(pattern, start=1):
        row[..., 1:] = np.minimum(row[..., :-1] + (others != item), row[..., 1:] + 1)
        row[..., 0] = count
        row = np.minimum.accumulate(row - columns, axis=-1) + columns  # inserted items
    return row.min(axis=-1)
