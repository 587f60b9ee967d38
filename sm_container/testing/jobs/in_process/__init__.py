"""Jobs whose container is this process: breakpoints, coverage and monkeypatches work there."""
