"""The same jobs over HTTP: SageMaker, CloudWatch, their neighbours, and the console."""
