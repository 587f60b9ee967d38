"""The operations of the SageMaker API, a function each."""
