"""A patch changes what its paths name, but never who it is about."""

import pytest
from wire import BODY, PRIVATE

from schemas import patch
from schemas.errors import BadInstruction


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


def test_a_patch_to_a_place_that_is_not_there_is_refused() -> None:
    with pytest.raises(BadInstruction, match="no such place"):
        patch.apply(BODY, {"victim.phones.7.number": "15400000099"})
