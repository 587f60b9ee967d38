"""The query protocol: a form with a dotted name for each value, and an answer in XML.

Both are led by the API's model. Of what a model can say of names, flattened lists and attributes
only the plain case is known here: that is all that CloudWatch's uses.
Source: botocore's model, ``"protocols": [..., "query"]``; AWS Query protocol.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree

from sm_container.harness.request.model import ServiceModel, Shape
from sm_container.harness.request.wording import display
from sm_container.service.errors import ServiceError

CONTENT_TYPE = "text/xml"

_MALFORMED = "MalformedQueryString"
_OWN = ("Action", "Version")
_INTEGERS = ("integer", "long")
_NUMBERS = ("float", "double")
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML has no way to hold."""

Form = Mapping[str, str]
_Tree = dict[str, Any]
"""Values by the steps of their names; a value and what is below it cannot both be there."""


def form_of(body: bytes) -> dict[str, str]:
    """The values of a form by their names.

    Raises:
        ServiceError: where it is none.
    """
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=bool(body))
    except ValueError:
        raise ServiceError(_MALFORMED, "The request is not a form") from None
    return dict(pairs)


def parse(form: Form, model: ServiceModel) -> dict[str, Any]:
    """A form's members by the model of a structure; times become seconds since the epoch.

    A member that the model does not know stands without its value: who checks the members says so.

    Raises:
        ServiceError: where a value is not what the model says it is.
    """
    tree: _Tree = {}
    for name, value in form.items():
        if name not in _OWN:
            _plant(tree, name, value)
    members: dict[str, Any] = _structure(model, model[model.root], tree, "")
    return members


def answer(
    operation: str, members: Mapping[str, Any], model: ServiceModel, namespace: str, request_id: str
) -> bytes:
    """An answer by the model of the operation's output."""
    root = ElementTree.Element(f"{operation}Response", xmlns=namespace)
    result = ElementTree.SubElement(root, f"{operation}Result")
    _render(model, model[model.root], members, result)
    metadata = ElementTree.SubElement(root, "ResponseMetadata")
    ElementTree.SubElement(metadata, "RequestId").text = request_id
    return _written(root)


def error(fault: ServiceError, namespace: str, request_id: str) -> bytes:
    root = ElementTree.Element("ErrorResponse", xmlns=namespace)
    about = ElementTree.SubElement(root, "Error")
    ElementTree.SubElement(about, "Type").text = "Sender" if fault.status < 500 else "Receiver"
    ElementTree.SubElement(about, "Code").text = fault.code
    ElementTree.SubElement(about, "Message").text = _text(fault.message)
    ElementTree.SubElement(root, "RequestId").text = request_id
    return _written(root)


def _plant(tree: _Tree, name: str, value: str) -> None:
    *above, last = name.split(".")
    for step in above:
        below = tree.setdefault(step, {})
        if not isinstance(below, dict):
            raise _malformed(name, "a value and a part of it cannot both be given")
        tree = below
    if last in tree:
        raise _malformed(name, "a value and a part of it cannot both be given")
    tree[last] = value


def _structure(model: ServiceModel, shape: Shape, tree: Any, path: str) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, branch in _branches(tree, path).items():
        target = shape.members.get(name)
        members[name] = "" if target is None else _value(model, model[target], branch, name)
    return members


def _value(model: ServiceModel, shape: Shape, tree: Any, path: str) -> Any:
    if shape.type == "structure":
        return _structure(model, shape, tree, path)
    if shape.type == "list":
        if tree == "":
            return []  # an empty list is written as a value without characters
        element = model[str(shape.member)]
        return [_value(model, element, each, path) for each in _numbered(tree, "member", path)]
    if shape.type == "map":
        key, value = model[str(shape.key)], model[str(shape.value)]
        return {
            str(_value(model, key, each.get("key"), path)): _value(
                model, value, each.get("value"), path
            )
            for each in (_branches(each, path) for each in _numbered(tree, "entry", path))
        }
    if not isinstance(tree, str):
        raise _malformed(path, "one value is expected there")
    return _scalar(shape, tree, path)


def _scalar(shape: Shape, text: str, path: str) -> Any:
    try:
        if shape.type in _INTEGERS:
            return int(text)
        if shape.type in _NUMBERS:
            return float(text)
        if shape.type == "boolean":
            return {"true": True, "false": False}[text]
        if shape.type == "timestamp":
            return _moment(text)
    except (ValueError, KeyError, OverflowError):
        raise _malformed(path, f"'{display(text)}' is not of type {shape.type}") from None
    return text


def _moment(text: str) -> float:
    """Seconds since the epoch of a time in ISO 8601, in UTC where it does not say."""
    found = datetime.fromisoformat(re.sub("Z$", "+00:00", text))
    return (found if found.tzinfo else found.replace(tzinfo=timezone.utc)).timestamp()


def _branches(tree: Any, path: str) -> _Tree:
    if not isinstance(tree, dict):
        raise _malformed(path, "members are expected below it")
    return tree


def _numbered(tree: Any, step: str, path: str) -> list[Any]:
    """The branches below ``step``, in the order of their numbers."""
    branches = _branches(tree, path)
    numbered = _branches(branches.get(step, {}), path)
    if {*branches} != {step} or not all(re.fullmatch("[0-9]{1,9}", each) for each in numbered):
        raise _malformed(path, f"{path}.{step}.1 and so on are expected")
    return [numbered[each] for each in sorted(numbered, key=int)]


def _malformed(path: str, why: str) -> ServiceError:
    return ServiceError(_MALFORMED, f"The request cannot be read at '{display(path)}': {why}")


def _render(model: ServiceModel, shape: Shape, value: Any, node: ElementTree.Element) -> None:
    """Write a value into its element."""
    if shape.type == "structure":
        for name, target in shape.members.items():
            if value.get(name) is not None:
                _render(model, model[target], value[name], ElementTree.SubElement(node, name))
    elif shape.type == "list":
        for each in value:
            _render(model, model[str(shape.member)], each, ElementTree.SubElement(node, "member"))
    elif shape.type == "map":
        for name, each in value.items():
            entry = ElementTree.SubElement(node, "entry")
            _render(model, model[str(shape.key)], name, ElementTree.SubElement(entry, "key"))
            _render(model, model[str(shape.value)], each, ElementTree.SubElement(entry, "value"))
    else:
        node.text = _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc).isoformat(timespec="milliseconds")[:-6] + "Z"
    return _NO_XML.sub("�", str(value))


def _written(root: ElementTree.Element) -> bytes:
    written: bytes = ElementTree.tostring(root, "utf-8", xml_declaration=True)
    return written
