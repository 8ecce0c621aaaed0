"""Any Unicode in every text field of an instruction: taken or refused, and worded; nothing raises on the way."""

import copy
import json
from pathlib import Path
from typing import Any
from uuid import UUID

from casework_fixture import START, CaseworkFixture, Scripted, instruction, phone
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.vocabulary import Channel

# Those that code trips over, beside any other.
ODD = ["", " ", "\u3000", "\u200b", "\x00", ",", "·", "|", "{}", "{surname}", "%s", "\ud800", "\u202e", "𠀀", "é", "无"]
EXAMPLES = 40
TEXT = st.one_of(st.sampled_from(ODD), st.text(max_size=20), st.lists(st.sampled_from(ODD), max_size=3).map("".join))
FIELDS = (
    *("instruction_id", "urgency", "fraud_type", "note", "source.system", "source.unit", "source.ref", "extra"),
    *("victim.name", "victim.gender", "victim.id_number", "victim.id_type", "victim.language", "victim.antifraud_app"),
    *("victim.vulnerability.0", "victim.phones.0.owner", "victim.phones.0.use", "victim.phones.0.country"),
    *("victim.addresses.0.text", "victim.addresses.0.city", "victim.addresses.0.kind"),
    *("victim.addresses.0.precinct_code", "victim.contacts.0.name", "victim.contacts.0.relation"),
    *("victim.contacts.1.name", "victim.contacts.0.basis", "victim.contacts.0.phone", "risk.suspect_phone"),
    "risk.transfers.0.payee_account",
)
BODY: dict[str, Any] = instruction(
    1,
    urgency="critical",
    channels=["sms", "voice"],
    phones=[{"number": phone(1), "owner": "本人", "use": "常用"}],
    addresses=[{"kind": "residence", "text": "示例路1号", "precinct_code": "YT-WC-01"}],
    contacts=[
        {"relation": "儿子", "name": "何样", "phone": phone(2)},
        {"relation": "社区网格员", "name": "网某", "phone": phone(3)},
    ],
    vulnerability=["老年"],
    risk={"transfers": [{"at": START.isoformat(), "amount_yuan": 1000, "payee_account": "虚构账户"}]},
)


def put(body: dict[str, Any], path: str, value: str) -> None:
    *way, last = path.split(".")
    here: Any = body
    for step in way:
        here = here[int(step)] if step.isdigit() else here.setdefault(step, {})
    here[int(last) if last.isdigit() else last] = value


def push_and_claim(casework: CaseworkFixture, changes: dict[str, str], number: int) -> None:
    body = copy.deepcopy(BODY) | {"instruction_id": f"YJ-{number}"}
    body["victim"]["id_number"] = f"990101{number:012d}"
    # Numbers of its own: cases that share one are decided on together, more of them with each line.
    numbered = [*body["victim"]["phones"], *body["victim"]["contacts"]]
    for place, (each, key) in enumerate(zip(numbered, ("number", "phone", "phone"), strict=True)):
        each[key] = f"154{(number + place * 10**7) % 10**8:08d}"
    for path, value in changes.items():
        put(body, path, value)
    answer = casework.push(json.dumps(body).encode())
    if answer.case is None:
        assert answer.status == "refused"
        return
    for call in casework.claim(Scripted(channels=tuple(Channel))):
        assert call.message is not None
        (call.message.text or call.message.script or "").encode()


def test_any_text_is_taken_or_refused_and_worded(casework: CaseworkFixture) -> None:
    @settings(max_examples=EXAMPLES, deadline=None)
    @given(changes=st.dictionaries(st.sampled_from(FIELDS), TEXT, min_size=1, max_size=6), number=st.integers(0, 10**9))
    def check(changes: dict[str, str], number: int) -> None:
        push_and_claim(casework, changes, number)

    check()


def test_what_code_trips_over_is_no_matter_where_it_stands(casework: CaseworkFixture) -> None:
    """Each odd text in every field that need not be there, and in each that must."""
    must = ("instruction_id", "source.system", "urgency")
    for number, odd in enumerate(ODD):
        push_and_claim(casework, dict.fromkeys(set(FIELDS) - set(must), odd), 2 * number)
        push_and_claim(casework, dict.fromkeys(must, odd), 2 * number + 1)


def test_the_first_case_that_stopped_every_warning(casework: CaseworkFixture) -> None:
    """A contact named by one blank: all are warned, and the family call asks for whoever owns the phone."""
    lines = Path(__file__).with_name("poison.jsonl").read_bytes().splitlines()
    answers = [casework.push(line) for line in lines]
    assert {each.status for each in answers} == {"accepted"}
    provider = Scripted()
    casework.deliver(provider)
    casework.pass_time(minutes=5)
    casework.deliver(provider)
    [family] = [each for each in provider.sent if each.to == "+8615400009002"]
    assert "机主" in str(family.script)
    for answer in answers:
        assert {each.state for each in casework.attempts(UUID(str(answer.case)), "sms")} == {"accepted"}


def test_a_malformed_patch_is_refused_and_kept_and_the_next_line_taken(casework: CaseworkFixture) -> None:
    lines = (Path(__file__).parent / "cases" / "malformed-patch.jsonl").read_bytes().splitlines()
    answers = [casework.push(line) for line in lines]
    assert [each.status for each in answers] == ["accepted", "refused", "refused", "refused", "accepted"]
    assert all("patch." in str(each.reason) for each in answers[1:4])
    assert len(casework.quarantined()) == 3
    told = [entry.data["field"] for entry in casework.journal(None)]
    assert told == ["patch.victim.phones.?", "patch.victim.phones.?", "patch.?"]
