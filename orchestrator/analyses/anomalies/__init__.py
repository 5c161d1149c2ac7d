"""What went wrong: days whose cost nobody could expect, the scope that explains them, and their cause."""
