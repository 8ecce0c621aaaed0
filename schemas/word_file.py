"""A file of words: a table for each kind of code, in it a list of words for each code (TOML)."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

import phonenumbers
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from schemas import edited_file
from schemas.edited_file import UnreadableFileError
from schemas.errors import bilingual
from schemas.validation_errors import Fault, Words, faults
from schemas.vocabulary import FRAUD_TYPES, AddressKind, IdType, Relation, Urgency, Vulnerability

_WordList = tuple[Annotated[str, Field(min_length=1, max_length=100)], ...]
_LANGUAGE = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$"

_TOLD: Words = {
    "extra_forbidden": ("没有此表,应为 {tables} 之一", "no such table; one of: {tables}"),
    "enum": ("没有此代码,应为 {expected} 之一", "no such code; one of: {expected}"),
    "literal_error": ("没有此代码,应为 {expected} 之一", "no such code; one of: {expected}"),
    "string_pattern_mismatch": ("应为语言标签,如 en、zh-CN", "give a language tag such as en or zh-CN"),
    "tuple_type": ('应为列表,如 ["词"]', 'give a list of words: ["word"]'),
    "dict_type": ("应为一节 [table]", "give a table: [relation] and below it spouse = [...]"),
    "string_type": ("应为带引号的文字", "give a text in quotes"),
    "string_too_short": ("不能为空", "must not be empty; leave it out"),
    "string_too_long": ("不能超过 {max_length} 个字", "at most {max_length} characters"),
}


def _region(code: str) -> str:
    if code not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError(
            bilingual("没有此地区,应为两位大写代码,如 CN、GB", "no such region; two capitals such as CN, GB")
        )
    return code


class WordFileError(ValueError):
    """The file can't be used; one fault for each key, with its remedy."""

    def __init__(self, path: Path, errors: list[str]) -> None:
        self.errors = errors
        super().__init__(f"{path}: {'; '.join(errors)}")


class WordFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    urgency: dict[Urgency, _WordList] = {}
    relation: dict[Relation, _WordList] = {}
    vulnerability: dict[Vulnerability, _WordList] = {}
    address_kind: dict[AddressKind, _WordList] = {}
    fraud_type: dict[Literal[FRAUD_TYPES], _WordList] = {}  # type: ignore[valid-type]
    language: dict[Annotated[str, Field(pattern=_LANGUAGE)], _WordList] = {}
    id_type: dict[IdType, _WordList] = {}
    country: dict[Annotated[str, AfterValidator(_region)], _WordList] = {}

    def words(self) -> Iterator[tuple[str, str, str]]:
        """Every table, code and word, in the order of the file's tables."""
        for table in type(self).model_fields:
            codes: Mapping[str, tuple[str, ...]] = getattr(self, table)
            yield from ((table, str(code), word) for code, words in codes.items() for word in words)


def read(path: Path) -> WordFile:
    """Raises WordFileError."""
    try:
        return WordFile.model_validate(edited_file.read(path))
    except OSError as error:
        raise WordFileError(path, [bilingual("无法读取", f"can't be read ({error.strerror})")]) from None
    except ValidationError as error:
        raise WordFileError(path, [_in_words(fault) for fault in faults(error)]) from None
    except UnreadableFileError as error:
        raise WordFileError(path, [str(error)]) from None


def _in_words(fault: Fault) -> str:
    key = fault.key.removesuffix(".[key]")
    if fault.kind == "value_error":
        return f"{key}: {fault.message}"
    expected = str(fault.facts.get("expected", "")).replace(" or ", ", ")
    return f"{key}: {bilingual(*fault.in_words(_TOLD, tables=', '.join(WordFile.model_fields), expected=expected))}"
