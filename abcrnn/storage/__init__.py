"""Files and arguments: paths, atomic writes, locks, archives, argument checks, extras.

The lowest level of the package. Import from the modules:

- ``paths``: paths that users pass, with ``~`` and ``*.abc`` expanded
- ``atomic``: write a whole file or nothing
- ``locks``: let one process at a time write to a folder
- ``archive``: one file with JSON and arrays, safe to open even if untrusted
- ``validation``: argument checks that raise ``ValueError``
- ``extras``: imports of optional packages, with a message that names the extra
"""
