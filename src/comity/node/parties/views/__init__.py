"""The pages: states and bodies, people, programs, one's own log-in."""
