"""Comity: the working platform for cooperation between states on cyber security.

`base` holds the words every part shares, `formats` the wire, `engines` the judgements, `node` the
server, and `cli` the `comity` command. Imports point down only: cli and node, engines and formats, base.
"""
