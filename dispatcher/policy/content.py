"""What a policy says, apart from its name: kept by the database, and compared by digest."""

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from dispatcher.policy.flatten import flatten, plain
from dispatcher.policy.models import Policy

Content = dict[str, Any]
_NAME = "version"
_LENGTH = 32  # hexadecimal digits; each case has one in its row and two in its journal


def content(policy: Policy) -> Content:
    """Every key with its value as the file writes it, but for the name of the version."""
    return {key: plain(value) for key, value in flatten(policy) if key != _NAME}


@lru_cache(maxsize=16)
def digest(policy: Policy) -> str:
    """Of what the policy means: comments, order and the name of the version make no difference."""
    written = json.dumps(content(policy), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()[:_LENGTH]


def differing(policy: Policy, kept: Mapping[str, Any]) -> list[str]:
    """The keys in which a policy differs from a content that was kept, perhaps by an older release."""
    ours, theirs = content(policy), _read(policy.version, kept) or kept
    return sorted(key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key))


def _read(version: str, kept: Mapping[str, Any]) -> Content | None:
    """The content as this release writes it; None where this release can't use it."""
    table: dict[str, Any] = {_NAME: version}
    for key, value in kept.items():
        *sections, name = key.split(".")
        at = table
        for section in sections:
            at = at.setdefault(section, {})
        at[name] = value
    try:
        return content(Policy.model_validate(table))
    except ValidationError:
        return None
