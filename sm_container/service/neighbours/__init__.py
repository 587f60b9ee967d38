"""What clients ask of other services on their way to SageMaker."""
