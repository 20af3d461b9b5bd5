"""Template tags of the pages of acts."""
