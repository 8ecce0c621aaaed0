"""The policy: what happens when, on which channels, until what. Data in TOML, checked on load."""

import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path

from pydantic import ValidationError

from dispatcher.policy.models import Plan, Policy

__all__ = ["Plan", "Policy", "PolicyError", "load"]


class PolicyError(ValueError):
    """The policy file can't be used; names the key and the remedy."""


@cache
def load(path: Path | None = None) -> Policy:
    """The policy of a file, or our default. Raises PolicyError."""
    name = str(path) if path else "defaults.toml"
    try:
        text = path.read_text("utf-8") if path else files(__package__).joinpath("defaults.toml").read_text("utf-8")
    except UnicodeDecodeError as error:
        raise PolicyError(f"{name}: not valid TOML: {error}") from None
    except OSError as error:
        raise PolicyError(f"{name}: can't be read ({error.strerror}); check DISPATCHER_POLICY_FILE") from None
    try:
        return Policy.model_validate(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PolicyError(f"{name}: not valid TOML: {error}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "policy"
        raise PolicyError(f"{name}: {where}: {first['msg'].removeprefix('Value error, ')}") from None
