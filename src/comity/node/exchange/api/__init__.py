"""The HTTP API about threat information: a module for each kind of thing, composed in `operations`."""
