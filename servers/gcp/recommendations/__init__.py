"""What Google recommends to save: every cost recommender, with its insights as evidence."""
