"""What holds for all tests."""

import os

# The sample is small: several threads would only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
