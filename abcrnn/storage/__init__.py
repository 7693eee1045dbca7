"""Files on disk: atomic writes, locks, archives, argument checks, optional extras."""
