"""What AWS itself proposes, from all its services, each proposal once."""
