from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sm_container.contract.init_config import InitChannel, InitConfig, attribute_names


def note(path: Path, attributes: Any) -> Path:
    source = {"s3DataType": "AUGMENTED_MANIFEST_FILE", "attributeNames": attributes}
    channel = InitChannel(s3_data_source=source, input_mode="PIPE")
    InitConfig("PIPE", {"train": channel}, cluster_size=1, host_number=0).write(path)
    return path


def test_the_order_of_the_stream(hostile_tmp_path: Path) -> None:
    path = note(hostile_tmp_path / "init-config.json", ["b-ref", "a"])
    assert attribute_names(path, "train") == ("b-ref", "a")
    assert attribute_names(path, "other") is None


@pytest.mark.parametrize("attributes", [None, [], [1], "a", {"a": 1}])
def test_no_attributes(hostile_tmp_path: Path, attributes: Any) -> None:
    assert attribute_names(note(hostile_tmp_path / "note", attributes), "train") is None


@pytest.mark.parametrize("document", [7, [], {}, {"channels": []}, {"channels": {"train": None}}])
def test_a_note_of_another_form(hostile_tmp_path: Path, document: Any) -> None:
    path = hostile_tmp_path / "note"
    assert attribute_names(path, "train") is None
    path.write_text(json.dumps(document))
    assert attribute_names(path, "train") is None
