"""The XML of S3: documents that are answered, and those that come as a request's body."""

from __future__ import annotations

from xml.etree import ElementTree

from sm_container.service.s3.errors import S3Error

CONTENT_TYPE = "application/xml"
_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_XMLNS = "{" + _NAMESPACE + "}"

Element = ElementTree.Element


def element(name: str, *content: Element | str | int | None) -> Element:
    """An element of text or of others; what is None is left out."""
    made = Element(name)
    for each in content:
        if isinstance(each, Element):
            made.append(each)
        elif each is not None:
            made.text = str(each)
    return made


def optional(name: str, content: str | int | None) -> Element | None:
    """An element that is left out where it has no content."""
    return None if content is None else element(name, content)


def document(root: Element) -> bytes:
    root.set("xmlns", _NAMESPACE)
    return _written(root)


def error(fault: S3Error, resource: str) -> bytes:
    """An error's document, which is of no namespace."""
    return _written(
        element(
            "Error",
            element("Code", fault.code),
            element("Message", _plain(fault.message)),
            element("Resource", _plain(resource)),
        )
    )


def parse(body: bytes, name: str) -> Element:
    """A request's document, its names without their namespace.

    Raises:
        S3Error: where it is another, or none.
    """
    fault = S3Error("MalformedXML", f"The body is not a valid {name} document")
    if b"<!" in body:
        raise fault  # entities would be expanded
    try:
        root = ElementTree.fromstring(body)
    except (ElementTree.ParseError, ValueError, LookupError):
        raise fault from None
    for each in root.iter():
        each.tag = each.tag.removeprefix(_XMLNS)
    if root.tag != name:
        raise fault
    return root


def _written(root: Element) -> bytes:
    written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _plain(text: str) -> str:
    """Text without the characters that XML cannot have."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)
