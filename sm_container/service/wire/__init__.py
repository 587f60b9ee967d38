"""How requests and answers are written: one module a protocol of the service's clients."""
