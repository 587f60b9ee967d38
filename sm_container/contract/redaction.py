"""What must not stand in a log: values whose name or form says that they are secrets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise

REDACTED = "******"

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SECRET_WORD = re.compile(
    "passwords?|passwd|passphrase|passcode|pwd|secrets?|credentials?|bearer"
    "|(?:access|api|auth|private|secret)(?:key|token)s?"
)
_BEFORE_KEY = re.compile(
    "access|account|api|auth|client|encryption|hmac|license|master|openai|private|secret"
    "|service|shared|signing|ssh|storage|subscription|wandb"
)
# Tokens of a vocabulary, not of an account: hyperparameters of every language model.
_VOCABULARY = re.compile(
    "bos|cls|eos|end|image|mask|pad|padding|per|sep|special|start|stop|unk|unknown"
)
_SECRET_FORMS = re.compile(
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"  # AWS access keys
    r"|\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}"
    r"|\bhf_[A-Za-z0-9]{20,}|\bsk-[A-Za-z0-9_-]{20,}|\bxox[abprs]-[A-Za-z0-9-]{10,}"
    r"|\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\."  # JSON web tokens
    r"|-----BEGIN [A-Z ]*PRIVATE KEY"
    r"|[A-Za-z][A-Za-z0-9+.-]{0,30}://[^/\s:@]+:[^/\s@]+@"  # a URL with a password
)

# A name and what it is set to inside a value: {"password": "x"}, password=x,user=y
_SETTING = re.compile(
    r"""(?:^|[{,;\s])["']?([A-Za-z_][\w.-]{0,80})["']?\s{0,8}[=:]\s{0,8}(?=[^\s,}])"""
)


def is_secret(name: str) -> bool:
    """Whether a hyperparameter or variable of this name looks like one that holds a secret.

    Judged by its words: ``HF_TOKEN``, ``dbPassword`` and ``api-key`` are secrets,
    ``max_tokens``, ``pad_token``, ``tokenizer`` and ``sort_key`` are not.
    """
    words = [word.lower() for word in _WORD.findall(name)]
    if any(map(_SECRET_WORD.fullmatch, words)):
        return True
    if any(
        word in ("key", "keys") and _BEFORE_KEY.fullmatch(before)
        for before, word in pairwise(words)
    ):
        return True
    return words[-1:] == ["token"] and not any(map(_VOCABULARY.fullmatch, words[:-1]))


def holds_secret(value: str) -> bool:
    """Whether a value has the form of a secret, or sets one inside, whatever its own name."""
    return _SECRET_FORMS.search(value) is not None or any(map(is_secret, _SETTING.findall(value)))


def redacted(mapping: Mapping[str, str]) -> dict[str, str]:
    """The mapping, fit for a log: secrets are replaced by stars."""
    return {
        name: REDACTED if is_secret(name) or holds_secret(value) else value
        for name, value in mapping.items()
    }
