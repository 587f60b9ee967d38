"""A training job as data: its record, its statuses, the options it was started with."""
