"""What will it be: costs forecast from their own history, with intervals that a back-test has scaled."""
