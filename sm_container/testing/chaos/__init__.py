"""Whether a job survives what befalls its instances: run undisturbed, and again with faults."""
