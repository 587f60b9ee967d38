"""What a job leaves behind: its model and output artifacts, in the service's layout."""
