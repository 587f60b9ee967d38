"""What ``sm-container metrics`` does."""
