"""Template tags of the pages of agreements."""
