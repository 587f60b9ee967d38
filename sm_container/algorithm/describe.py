"""``python train.py describe``: the CreateAlgorithm document or the reference page, printed."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence

from sm_container.declaration.declaration import Declaration
from sm_container.declaration.document import DEFAULT_INSTANCE_TYPES, create_algorithm_document
from sm_container.declaration.errors import DeclarationError
from sm_container.declaration.reference import reference_page


def describe(declaration: Declaration, arguments: Sequence[str]) -> None:
    """Print what the arguments ask for; exits with 2 where they, or the declaration, cannot be."""
    parser = argparse.ArgumentParser(
        prog="describe", description=f"Describe the algorithm {declaration.name}."
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument(
        "--json", action="store_true", help="the request for CreateAlgorithm (the default)"
    )
    form.add_argument("--markdown", action="store_true", help="the reference page")
    parser.add_argument("--image", metavar="URI", help="the training image in ECR")
    parser.add_argument(
        "--instance-type",
        action="append",
        metavar="TYPE",
        help="an instance type that it trains on; may be given many times",
    )
    options = parser.parse_args(arguments)
    if options.markdown:
        print(reference_page(declaration), end="")
        return
    try:
        document = create_algorithm_document(
            declaration,
            image=options.image,
            instance_types=options.instance_type or DEFAULT_INSTANCE_TYPES,
        )
    except DeclarationError as error:
        parser.error(str(error))
    print(json.dumps(document, indent=2))
