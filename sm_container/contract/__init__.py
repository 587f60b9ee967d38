"""The contract between the platform and a training container, as data.

The tree under ``/opt/ml``, the variables, the exit code, the failure file and the metric lines:
read and written by the same frozen dataclasses, on the platform's side and in the container.
Standard library alone; nothing here knows of any other room.
"""
