"""Why a line was refused is kept in both languages; a screen shows that of its own."""

import re
from pathlib import Path

import pytest

from schemas import errors, parse
from schemas.errors import BadInstruction, bilingual, in_one_language

HAN = re.compile("[一-鿿]")
LINES = [
    line
    for file in (Path(__file__).parents[1] / "integration").rglob("*.jsonl")
    for line in file.read_bytes().splitlines()
    if line.strip()
]


def reasons() -> list[str]:
    known = [bilingual("没有", "none"), errors.OTHER_CONTENT, errors.EARLY]
    known += [errors.UnknownInstruction().reason, errors.ProgramFault("KeyError").reason]
    known += [errors.AmbiguousInstruction().reason, errors.ErasedInstruction().reason]
    for line in (
        *LINES,
        b"{",
        b"[]",
        b'{"op": "x"}',
        b'{"op": "create"}',
        b'{"op": "withdraw", "instruction_id": "x"}',
    ):
        try:
            parse.line(line)
        except BadInstruction as error:
            known.append(error.reason)
    return known


def test_each_reason_is_said_in_the_language_of_the_screen() -> None:
    told = reasons()
    assert len(set(told)) > 10
    for reason in told:
        chinese, english = in_one_language(reason, "zh"), in_one_language(reason, "en")
        assert not HAN.search(english), reason
        assert HAN.search(chinese) and len(chinese) < len(reason), reason
        for part, whole in ((chinese, reason), (english, reason)):
            fields = re.findall(r"(?:^| \| )([\w.\[\]]+: )", whole, re.ASCII)
            assert re.findall(r"(?:^| \| )([\w.\[\]]+: )", part, re.ASCII) == fields


@pytest.mark.parametrize("told", ["", "said by a gateway", "a/b", "one / two / three"])
def test_what_others_wrote_stays_as_it_is(told: str) -> None:
    assert in_one_language(told, "zh") == in_one_language(told, "en") == told
