"""The channels of a job as an algorithm reads them."""
