"""A request file, JSON or YAML, into a document. Every fault is one line: file, line, column."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from sm_container.harness.request.errors import DocumentError
from sm_container.harness.request.training_request import Document

SIZE_LIMIT = 4 << 20
"""Bytes of a file; the service's own limits add up to less than a quarter of it."""
NODE_LIMIT = 100_000
"""Values in a document once every YAML alias is written out."""

_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+', re.DOTALL)


class _DuplicateKey(ValueError):
    def __init__(self, key: str) -> None:
        super().__init__(f"the key {_quoted(key)} is given twice")
        self.key = key


def load_document(path: Path) -> Document:
    """Read a CreateTrainingJob document from a file.

    ``.json`` is JSON, ``.yaml`` and ``.yml`` are YAML; any other is JSON if it starts with a
    brace. Keys given twice are refused, since one of the two would be ignored in silence.

    Raises:
        DocumentError: the file cannot be read, is not well formed, or is not a mapping.
    """
    text = _read(path)
    is_json = text.lstrip().startswith("{")
    if path.suffix.lower() in (".json", ".yaml", ".yml"):
        is_json = path.suffix.lower() == ".json"
    try:
        document = _from_json(path, text) if is_json else _from_yaml(path, text)
    except RecursionError:
        raise DocumentError(f"{path}: it is nested too deeply to be a request") from None
    if not isinstance(document, dict):
        raise DocumentError(f"{path}: the document is a mapping, not {_kind(document)}")
    if not is_json:
        _bounded(path, document)
    return document


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(SIZE_LIMIT + 1)
    except OSError as error:
        raise DocumentError(f"{path}: cannot be read: {error.strerror or error}") from error
    except ValueError as error:  # a NUL in the name
        raise DocumentError(f"{str(path)!r}: cannot be read: {error}") from error
    if len(content) > SIZE_LIMIT:
        raise DocumentError(f"{path}: it has more than {SIZE_LIMIT} bytes; no request has")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        where = _position(content[: error.start].decode("utf-8-sig"), None)
        raise DocumentError(f"{path}{where}: it is not UTF-8") from error


def _from_json(path: Path, text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        where = f", line {error.lineno}, column {error.colno}"
        raise DocumentError(f"{path}{where}: not JSON: {error.msg}") from error
    except _DuplicateKey as error:
        where = _position(text, _second_place(text))
        raise DocumentError(f"{path}{where}: {error}") from error
    except ValueError as error:
        raise DocumentError(f"{path}: not JSON: {error}") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        raise _DuplicateKey(next(key for key in keys if keys.count(key) > 1))
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON value")


def _second_place(text: str) -> int | None:
    """Where the first key that its object already has stands in well-formed JSON."""
    objects: list[set[str] | None] = []  # the keys so far; None for a list
    last: re.Match[str] | None = None
    for token in _JSON_TOKEN.finditer(text):
        mark = token[0]
        if mark in "{[":
            objects.append(set() if mark == "{" else None)
        elif mark in "}]":
            objects.pop()
        elif mark == ":" and last is not None and objects:
            keys = objects[-1]
            key = json.loads(last[0])
            if keys is not None and key in keys:
                return last.start()
            if keys is not None:
                keys.add(key)
        last = token
    return None


def _from_yaml(path: Path, text: str) -> Any:
    try:
        import yaml
    except ImportError as error:
        raise DocumentError(
            f"{path}: YAML needs PyYAML (pip install 'sm-container[local]'); JSON needs nothing"
        ) from error

    class Loader(yaml.SafeLoader):
        """Refuses what JSON could not have said: keys that are no text, keys given twice."""

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
            seen: set[str] = set()
            for key, _ in node.value:
                _check_key(key, seen)
            return super().construct_mapping(node, deep)

    def _check_key(key: yaml.Node, seen: set[str]) -> None:
        if key.tag == "tag:yaml.org,2002:merge":
            return
        if not isinstance(key, yaml.ScalarNode) or key.tag != "tag:yaml.org,2002:str":
            shown = _quoted(str(key.value)) if isinstance(key, yaml.ScalarNode) else "a collection"
            raise yaml.MarkedYAMLError(
                problem=f"the key {shown} is no text: write it in quotes",
                problem_mark=key.start_mark,
            )
        if key.value in seen:
            raise yaml.MarkedYAMLError(
                problem=f"the key {_quoted(key.value)} is given twice", problem_mark=key.start_mark
            )
        seen.add(key.value)

    try:
        return yaml.load(text, Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        what = error.problem or error.context or "not YAML"
        raise DocumentError(f"{path}{where}: {_one_line(what)}") from error
    except yaml.reader.ReaderError as error:
        where = _position(text, error.position)
        raise DocumentError(f"{path}{where}: not YAML: {error.reason}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise DocumentError(f"{path}: not YAML: {_one_line(str(error))}") from error


def _bounded(path: Path, document: Document) -> None:
    """Refuse aliases that hold themselves or multiply: a small file can mean any amount."""
    sizes: dict[int, int] = {}

    def size(value: Any) -> int:
        if not isinstance(value, (dict, list)):
            return 1
        known = sizes.get(id(value))
        if known == 0:
            raise DocumentError(f"{path}: an alias in it holds itself")
        if known is None:
            sizes[id(value)] = 0  # being counted
            parts = value.values() if isinstance(value, dict) else value
            known = sizes[id(value)] = 1 + sum(size(each) for each in parts)
        return known

    if size(document) > NODE_LIMIT:
        raise DocumentError(f"{path}: its aliases make more than {NODE_LIMIT} values")


def _position(text: str, offset: int | None) -> str:
    before = text if offset is None else text[:offset]
    line = before.count("\n") + 1
    return f", line {line}, column {len(before) - before.rfind(chr(10))}"


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, list) else f"a {type(value).__name__}"


def _quoted(key: str) -> str:
    return json.dumps(key[:100])


def _one_line(text: str) -> str:
    return " ".join(text.split())
