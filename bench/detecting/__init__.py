"""The parts of the figures of detection: each tells its own, `python bench/detect.py` calls them."""
