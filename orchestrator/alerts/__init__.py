"""What went wrong in the estate: series judged and rolled up, with cause and status."""
