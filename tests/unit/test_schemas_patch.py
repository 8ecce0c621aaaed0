"""A patch changes what its paths name, but never who it is about."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire import BODY, PRIVATE

from schemas import patch
from schemas.errors import BadInstruction
from schemas.wire import wire_path


@pytest.mark.parametrize("field", ["instruction_id", "source.system", "victim.id_number", "victim", "issued_at", "op"])
def test_a_patch_may_not_change_who_it_is_about_or_where_it_came_from(field: str) -> None:
    with pytest.raises(BadInstruction) as caught:
        patch.apply(BODY, {field: PRIVATE})
    assert caught.value.field.startswith("patch.")
    assert "may not change" in caught.value.reason
    assert PRIVATE not in caught.value.reason


def test_a_patch_changes_what_its_paths_name_and_nothing_else() -> None:
    patched = patch.apply(BODY, {"urgency": "low", "victim.phones.0.number": "15400000099"})
    assert (patched["urgency"], patched["victim"]["phones"][0]["number"]) == ("low", "15400000099")
    assert patched["source"] == BODY["source"]
    assert BODY["urgency"] != "low"


@pytest.mark.parametrize(
    "path", ["victim.phones.7.number", "victim.phones.7", "risk.transfers.0.0", "risk.0", "note.0"]
)
def test_a_patch_to_a_place_that_is_not_there_is_refused(path: str) -> None:
    with pytest.raises(BadInstruction, match="no such place"):
        patch.apply(BODY, {path: "15400000099"})


@pytest.mark.parametrize("nothing", [None, "", " ", []])
def test_a_patch_goes_into_what_is_null(nothing: object) -> None:
    assert patch.apply({"risk": nothing}, {"risk.life_at_risk": True}) == {"risk": {"life_at_risk": True}}
    with pytest.raises(BadInstruction, match="no such place"):
        patch.apply({"victim": {"phones": nothing}}, {"victim.phones.0.number": "15400000099"})


def test_an_object_alone_is_a_list_of_one() -> None:
    alone = {"victim": {"phones": {"number": "15400000001"}}}
    assert patch.apply(alone, {"victim.phones.0.number": "2"}) == {"victim": {"phones": {"number": "2"}}}


KEYS = st.one_of(st.text(max_size=20), st.sampled_from(["victim", "phones", "0", "²", "9" * 5000, "number", "risk"]))
PATHS = st.lists(KEYS, min_size=1, max_size=5).map(".".join)


@given(st.dictionaries(PATHS, st.none() | st.text(max_size=3), max_size=4))
def test_any_path_is_applied_or_refused_by_names_of_the_wire_alone(made_up: dict[str, str | None]) -> None:
    try:
        patch.apply(BODY, made_up)
    except BadInstruction as refusal:
        assert wire_path(refusal.field) == refusal.field
        assert "²" not in refusal.reason and "9999" not in refusal.reason
