"""Tests of an algorithm as the service would treat it, run by the harness."""
