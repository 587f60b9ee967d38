"""Inside the container: from the platform's start to the program's end.

``sm-train`` is a supervisor: it finds the author's program, sets its variables, starts it in a
session of its own, forwards signals, reaps, and says why it failed where the program has not.
Standard library alone, and as little of that as can be before the program runs.
"""
