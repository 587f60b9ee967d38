"""What this project costs against its rivals, each as a ratio within one run: `make bench`."""
