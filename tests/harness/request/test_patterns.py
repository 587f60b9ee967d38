"""Java's patterns in Python: every one of the model's, and the places where the two differ."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sm_container.harness.request.model import ServiceModel
from sm_container.harness.request.patterns import PatternError, matches, translate

# For every pattern of the model: values that it takes, and values that it refuses.
EXAMPLES: dict[str, tuple[list[str], list[str]]] = {
    ".*": (["", "any thing", "ünï"], ["a\nb", "a\r", "a\u2028b", "\u0085"]),
    ".+": (["x"], ["", "\n"]),
    r"[\S\s]*": (["", "a\nb\r\u2028"], []),
    "[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}": (
        ["a", "a-b", "a--b", "9" * 63],
        ["", "-a", "a-", "a_b", "a b", "a\n", "a" * 64, "é"],
    ),
    "[a-zA-Z0-9](-*[a-zA-Z0-9]){0,119}": (["exp-1"], ["exp_1", "-"]),
    r"arn:aws[a-z\-]*:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+": (
        ["arn:aws:iam::123456789012:role/a/b", "arn:aws-cn:iam::123456789012:rolex"],
        ["arn:aws:iam::12345678901:role/x", "arn:aws:iam::١٢٣٤٥٦٧٨٩٠١٢:role/x", "role"],
    ),
    r"[A-Za-z0-9\.\-_]+": (["train", "..", "a.b-c_1"], ["", "a b", "a/b", "ä"]),
    "(https|s3)://([^/]+)/?(.*)": (
        ["s3://b", "s3://b/k/", "https://h/x"],
        ["s3://", "s3:///k", "gs://b/k", "/data", "s3://b/a\nb"],
    ),
    "[a-zA-Z0-9:/_-]*": (["", "arn:aws:kms:x/1"], ["a b", "a.b"]),
    "[a-zA-Z_][a-zA-Z0-9_]*": (["A_1", "_"], ["1A", "A-B", ""]),
    "[-0-9a-zA-Z]+": (["sg-1"], ["sg_1", ""]),
    r"(fs-[0-9a-f]{8,})": (["fs-01234567"], ["fs-0123456", "fs-0123456G"]),
    r"\d+K": (["8K", "128K"], ["K", "8k", "٨K"]),
    r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)": (
        ["", "owner", "ünï ✓"[:3], "٣", "a b", "日本語", "½", "Ⅷ", "a:b/c=d+e-f@g", "\u3000"],
        ["✓", "a\tb", "a;b", "a\nb", "e\u0301", "#"],
    ),
    r"arn:[\p{Alnum}\-]+:lambda:[\p{Alnum}\-]+:[0-9]{12}:function:.*": (
        ["arn:aws:lambda:us-east-1:123456789012:function:f"],
        ["arn:äws:lambda:us-east-1:123456789012:function:f"],
    ),
    (
        r"(arn:aws[a-z\-]*:sagemaker:[a-z0-9\-]*:[0-9]{12}:[a-z\-]*\/)?"
        r"([a-zA-Z0-9]([a-zA-Z0-9-]){0,62})(?<!-)"
    ): (
        ["my-alg", "arn:aws:sagemaker:eu-west-1:123456789012:algorithm/my-alg"],
        ["my-alg-", "-a", "my_alg"],
    ),
    r"arn:aws[a-z\-]*:sagemaker:[a-z0-9\-]*:[0-9]{12}:training-plan/.*": (
        ["arn:aws:sagemaker:eu-west-1:123456789012:training-plan/p"],
        ["arn:aws:sagemaker:eu-west-1:123456789012:plan/p"],
    ),
    r"arn:aws[a-z\-]*:sagemaker:[a-z0-9\-]*:[0-9]{12}:mlflow-[a-zA-Z-]*/.*": (
        ["arn:aws:sagemaker:eu-west-1:123456789012:mlflow-tracking-server/s"],
        ["arn:aws:sagemaker:eu-west-1:123456789012:mlflow/s"],
    ),
    r"arn:aws[a-z\-]*:sagemaker:[a-z0-9\-]{9,16}:[0-9]{12}:model-package/[\S]{1,2048}": (
        ["arn:aws:sagemaker:eu-west-1:123456789012:model-package/p"],
        ["arn:aws:sagemaker:eu-west-1:123456789012:model-package/p q", "arn"],
    ),
    r"arn:aws[a-z\-]*:sagemaker:[a-z0-9\-]{9,16}:[0-9]{12}:model-package-group/[\S]{1,2048}": (
        ["arn:aws:sagemaker:eu-west-1:123456789012:model-package-group/p"],
        ["arn:aws:sagemaker:eu-west-1:123456789012:model-package/p"],
    ),
    (
        r"(arn:[a-z0-9-\.]{1,63}:sagemaker:\w+(?:-\w+)+:(\d{12}|aws):hub-content\/)"
        r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}\/DataSet\/[a-zA-Z0-9](-*[a-zA-Z0-9]){0,63}"
        r"(\/\d{1,4}.\d{1,4}.\d{1,4})?"
    ): (
        ["arn:aws:sagemaker:us-east-1:aws:hub-content/hub/DataSet/d/1.0.0"],
        ["arn:aws:sagemaker:us-east-1:aws:hub-content/hub/Model/d/1.0.0"],
    ),
    (
        r"(arn:[a-z0-9-\.]{1,63}:sagemaker:\w+(?:-\w+)+:(\d{12}|aws):hub-content\/)"
        r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}\/Model\/[a-zA-Z0-9](-*[a-zA-Z0-9]){0,63}"
        r"(\/\d{1,4}.\d{1,4}.\d{1,4})?"
    ): (
        ["arn:aws:sagemaker:us-east-1:123456789012:hub-content/hub/Model/d"],
        ["arn:aws:sagemaker:üs-east-1:123456789012:hub-content/hub/Model/d"],
    ),
}


def test_every_pattern_of_the_model_has_examples(model: ServiceModel) -> None:
    patterns = {shape.pattern for shape in model.shapes.values() if shape.pattern is not None}
    assert patterns, "the model has patterns"
    for pattern in patterns:
        assert re.compile(translate(pattern, "aé"), re.ASCII)
    assert not patterns - EXAMPLES.keys(), "a new botocore brings a pattern without examples"


@pytest.mark.parametrize("pattern", EXAMPLES)
def test_a_pattern_takes_and_refuses_what_java_does(pattern: str) -> None:
    accepted, refused = EXAMPLES[pattern]
    assert [value for value in accepted if not matches(pattern, value)] == []
    assert [value for value in refused if matches(pattern, value)] == []


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_categories_are_those_of_unicode(value: str) -> None:
    expected = all(unicodedata.category(each)[0] in "LZN" for each in value)
    assert matches(r"[\p{L}\p{Z}\p{N}]*", value) is expected
    assert matches(r"\p{L}", value) is (len(value) == 1 and unicodedata.category(value)[0] == "L")


@pytest.mark.parametrize(
    "pattern", [r"[a-z&&[^b]]", r"[a[b]]", r"a++", r"\Qa\E", r"\p{IsGreek}", r"\h", r"\R"]
)
def test_what_is_not_translated_is_said(pattern: str) -> None:
    with pytest.raises(PatternError):
        matches(pattern, "b")
