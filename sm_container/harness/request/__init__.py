"""A CreateTrainingJob request: read, checked in full, and turned into facts.

``document`` reads a file; ``build`` makes a document from flags; ``parse`` checks one and gives
the ``TrainingRequest`` of ``training_request``, or one ``RequestError`` with every fault.
"""
