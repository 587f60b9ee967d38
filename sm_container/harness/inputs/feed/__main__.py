"""``python -m sm_container.harness.inputs.feed DOCUMENT``; see `.program`."""

from __future__ import annotations

import sys

from sm_container.harness.inputs.feed.program import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
