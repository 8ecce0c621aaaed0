"""Every code has its labels, and urgency its order."""

from inspect import getmembers, isclass

import pytest

from schemas import vocabulary
from schemas.vocabulary import Code, Urgency

CODES = [kind for _, kind in getmembers(vocabulary, isclass) if issubclass(kind, Code) and kind is not Code]


@pytest.mark.parametrize("kind", CODES)
def test_every_code_has_both_labels_and_is_unique(kind: type[Code]) -> None:
    assert all(each.zh.strip() and each.en.strip() for each in kind)
    assert list(kind.__members__.values()) == list(kind)
    assert len({each.zh for each in kind}) == len({each.en for each in kind}) == len(kind)
    assert all(each.label == f"{each.zh} {each.en}" for each in kind)
    assert all(str(each) == each.value for each in kind)


def test_urgency_rises_step_by_step_to_critical() -> None:
    assert [each.raised() for each in Urgency] == [Urgency.CRITICAL, Urgency.CRITICAL, Urgency.HIGH, Urgency.MEDIUM]
    assert [each.rank for each in Urgency] == [0, 1, 2, 3]


def test_fraud_types_end_with_the_generic_one() -> None:
    assert len(set(vocabulary.FRAUD_TYPES)) == 18
    assert vocabulary.FRAUD_TYPES[-1] == vocabulary.GENERIC_FRAUD_TYPE
