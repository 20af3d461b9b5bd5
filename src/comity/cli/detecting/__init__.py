"""What `comity detect` has of its own beside `comity.detection`: words, files, progress, summary."""
