"""What the machine gives: memory and CPUs within its control groups, and the instance types."""
