from __future__ import annotations

import pytest

from sm_container.contract.redaction import holds_secret, is_secret, redacted


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "DB_PASSWORD",
        "dbPassword",
        "HF_TOKEN",
        "token",
        "api-key",
        "apiKey",
        "APIKey",
        "OPENAI_API_KEY",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "wandb.key",
        "client_secret",
        "credentials",
        "ssh_key",
        "authtoken",
    ],
)
def test_names_of_secrets(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "max_tokens",
        "pad_token",
        "eos_token_id",
        "tokenizer",
        "token_dim",
        "sort_key",
        "key",
        "monkey",
        "compass",
        "secretary",
        "num_round",
        "lambda",
        "é",
    ],
)
def test_names_of_other_things(name: str) -> None:
    assert not is_secret(name)


@pytest.mark.parametrize(
    "value",
    [
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_" + "a1" * 18,
        "hf_" + "a1" * 17,
        "sk-" + "a1" * 20,
        "postgres://user:pa55@host/db",
        "-----BEGIN RSA PRIVATE KEY-----",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.sig",
        '{"user": "u", "db": {"password": "x"}}',
        "{'api_key': 'x'}",
        "password=x,user=u",
        "host=h password=x",
    ],
)
def test_values_that_are_secrets_under_any_name(value: str) -> None:
    assert holds_secret(value)
    assert redacted({"note": value, "eta": "0.3"}) == {"note": "******", "eta": "0.3"}


def test_ordinary_values() -> None:
    for value in (
        "s3://bucket/key",
        "reg:squarederror",
        "risk-aversion-of-the-first-kind",
        "",
        '{"max_tokens": 5, "pad_token": "<pad>"}',
        "token",
        "a=1,b=x",
    ):
        assert not holds_secret(value)


def test_a_secret_is_hidden_by_its_name() -> None:
    assert redacted({"HF_TOKEN": "x", "depth": "3"}) == {"HF_TOKEN": "******", "depth": "3"}
