"""The form for a new training job: its fields, the request that they make, and what is wrong."""
