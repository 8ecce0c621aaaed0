"""The simulator's banks: one question plays a script to its end; people have words a bank has not."""

import pytest
from pydantic import ValidationError

from providers.simulator.people import People, Persona
from schemas.vocabulary import BankRequest, Channel

IDENTITY = "990101198708159311"


def people(**scripts: list[str]) -> People:
    known = People()
    known.register([Persona.model_validate({"identities": [IDENTITY], **scripts})])
    return known


def test_one_question_to_a_bank_plays_its_script_to_the_answer() -> None:
    known = people(stop_payment=["accepted", "partly_stopped:52000"])
    assert known.next_words(BankRequest.STOP_PAYMENT, IDENTITY) == ("accepted", "partly_stopped:52000")
    assert known.next_words(BankRequest.STOP_PAYMENT, IDENTITY) == ("accepted", "not_stopped")


def test_a_bank_that_only_says_it_was_asked_gives_its_usual_answer() -> None:
    assert people(protect_account=["requested"]).next_words(BankRequest.PROTECT_ACCOUNT, IDENTITY) == (
        "requested",
        "refused",
    )


def test_a_person_nobody_scripted_is_answered_as_usual() -> None:
    known = people()
    assert known.next_words(BankRequest.LIFT_PROTECTION, None) == ("lifted",)
    assert known.next_words(Channel.BROADCAST, None) == ("delivered",)


@pytest.mark.parametrize("script", [{"stop_payment": ["delivered"]}, {"protect_account": ["granted_25h"]}])
def test_an_unknown_word_of_a_bank_is_refused(script: dict[str, list[str]]) -> None:
    with pytest.raises(ValidationError, match="unknown"):
        Persona.model_validate({"identities": [IDENTITY], **script})


def test_a_persona_is_known_by_a_number_or_an_identity() -> None:
    with pytest.raises(ValidationError, match="a number or an identity"):
        Persona.model_validate({"sms": ["delivered"]})
