"""The forms in which a battery's verdicts are kept: JSON, JUnit's XML, an HTML page."""
