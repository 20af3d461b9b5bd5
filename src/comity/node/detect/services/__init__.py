"""What the detect system writes: what sensors tell, and how useful what was given has been."""
