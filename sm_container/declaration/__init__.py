"""What an author declares of an algorithm, and the documents that are made from it.

Hyperparameters as an annotated dataclass, channels, metrics; from them typed values in the
container, the CreateAlgorithm document, the checks of a request, and the reference page.
"""
