"""``python -m sm_container`` is the command ``sm-container``."""

from __future__ import annotations

from sm_container.cli import main

if __name__ == "__main__":
    main()
