"""The policy: what happens when, on which channels, until what. Data in TOML, checked on load."""

from functools import cache
from pathlib import Path

from pydantic import ValidationError

from dispatcher.errors import OperatorError
from dispatcher.policy import errors
from dispatcher.policy.models import Plan, Policy
from schemas import edited_file
from schemas.edited_file import UnreadableFileError
from schemas.errors import bilingual

__all__ = ["Plan", "Policy", "PolicyError", "load"]

_TOLD = 4
_DEFAULTS = Path(__file__).with_name("defaults.toml")


class PolicyError(OperatorError):
    """The policy file can't be used; one fault for each key, with its remedy. The message tells the first few."""

    def __init__(self, name: str, errors: list[str]) -> None:
        self.errors = errors
        told, untold = errors[:_TOLD], len(errors) - _TOLD
        if untold > 0:
            # Whoever leaves so much out thinks that a file is merged with the built-in policy.
            zh = f"另有 {untold} 处错误,dispatcher policy check {name} 可全部列出;策略文件应完整,请从内置策略复制后修改"
            en = f"{untold} more faults; `dispatcher policy check {name}` lists all; copy the built-in file first"
            told = [*told, bilingual(zh, en)]
        super().__init__("处置策略文件有误", f"{name}: {'; '.join(told)}")


@cache
def load(path: Path | None = None) -> Policy:
    """The policy of a file, or our default. Raises PolicyError."""
    name = str(path) if path else _DEFAULTS.name
    try:
        return Policy.model_validate(edited_file.read(path or _DEFAULTS))
    except OSError as error:
        told = bilingual("无法读取", f"can't be read ({error.strerror}); check DISPATCHER_POLICY_FILE")
        raise PolicyError(name, [told]) from None
    except ValidationError as error:
        raise PolicyError(name, list(errors.describe(error))) from None
    except UnreadableFileError as error:
        raise PolicyError(name, [str(error)]) from None
