"""The HTTP API of acts: `shapes` says what is given and told, `operations` what can be done."""
