"""Pipe mode: channels as streams through FIFOs, one an epoch."""
