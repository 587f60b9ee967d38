"""Whether a job survives what befalls its instances: run once undisturbed, and again with faults."""
