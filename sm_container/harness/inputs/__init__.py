"""Input data: which objects each host gets, where they land, and how they get there."""
