"""What the live half of any cloud server shares."""
