"""Python literals, as ``str()`` of a list or a dict writes them; imported when one turns up."""

from __future__ import annotations

import ast
import warnings

_NUMBERS = {"nan": float("nan"), "inf": float("inf")}


def evaluated(text: str) -> object:
    """The value of a Python literal; raises ValueError for any other text."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes and comparisons in somebody's text
            tree = ast.parse(text.strip(), mode="eval")
        return ast.literal_eval(_BareNumbers().visit(tree))
    except (TypeError, SyntaxError, RecursionError, MemoryError) as error:
        raise ValueError("not a Python literal") from error


class _BareNumbers(ast.NodeTransformer):
    """``nan`` and ``inf`` stand as bare words in the ``str()`` of a list of numbers."""

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id in _NUMBERS:
            return ast.copy_location(ast.Constant(_NUMBERS[node.id]), node)
        return node
