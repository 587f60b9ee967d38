"""What tells whether a job survived: what a start was given, what it made of that, and whether the
models agree. For the trials of ``chaos`` and for an author's tests."""
