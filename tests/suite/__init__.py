"""What holds for the suite as a whole: what tests may start, in which order they run, what is told at the end."""
