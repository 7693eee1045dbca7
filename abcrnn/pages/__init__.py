"""Pages for a web browser: tunes to look at, to listen to, and to compose."""
