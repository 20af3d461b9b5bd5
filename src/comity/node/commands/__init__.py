"""The subcommands of `comity-node`, one module each: `arguments` says what it takes, `run` does it.

Words from a command line come in, an exit code goes out. No rule of the node lives here: services are called.
"""
