"""docs/roles.md says of each act who may, and of which unit."""

from pathlib import Path

from dispatcher.visits.permissions import PERMISSIONS, Permission
from schemas.vocabulary import Act, Role

PAGE = Path(__file__).parents[2] / "docs" / "roles.md"
# is_of_centre, is_of_any_unit, is_for_own_people, is_for_others -> of which unit
UNITS = {
    (False, False, False, False): "that has it, or one above it",
    (False, False, False, True): "that has it, or one above it, in another centre too",
    (False, False, True, True): "that is asked, or one above it",
    (False, True, False, False): "any of ours",
    (False, True, False, True): "any, in another centre too",
    (True, False, False, False): "our centre",
}


def row(act: Act, permission: Permission) -> str:
    roles = "anybody" if set(permission.roles) == set(Role) else ", ".join(permission.roles)
    flags = (permission.is_of_centre, permission.is_of_any_unit, permission.is_for_own_people, permission.is_for_others)
    return f"| `{act}` | {act.zh}: {act.en} | {roles} | {UNITS[flags]} |"


def test_the_table_is_that_of_the_code() -> None:
    listed = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| `")]
    assert listed == [row(act, permission) for act, permission in PERMISSIONS.items()]
