"""Tunes as HTML: ``player.js`` and ``player.css`` play them in a browser."""
