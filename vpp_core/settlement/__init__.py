"""What happened and what it is worth: trajectories, the books, and the one satisfaction scorer."""
