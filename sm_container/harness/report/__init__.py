"""A job as one HTML page that holds all it needs: no script, nothing from outside."""
