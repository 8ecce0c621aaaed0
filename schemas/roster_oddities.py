"""What a roster may say, and hardly means: somebody who is never asked, a post that nobody holds."""

from collections.abc import Iterator

from schemas.errors import bilingual
from schemas.roster import Roster
from schemas.vocabulary import Role, Rung

# Where the ladder looks for each rung.
_KINDS = {
    Rung.OFFICER: ("precinct", "county"),
    Rung.STATION_LEADER: ("precinct", "county"),
    Rung.COUNTY_DESK: ("county",),
    Rung.CENTRE: ("precinct", "county", "centre"),
}


def oddities(roster: Roster) -> Iterator[str]:
    """One line for each, in both languages."""
    kinds = {unit.code: unit.kind for unit in roster.units}
    if not any(officer.duty for officer in roster.officers):
        yield bilingual("值班表中没有任何民警:上门单将无人承接", "nobody is on the roster: no visit goes to anybody")
    elif not any(officer.role is Rung.CENTRE and officer.duty for officer in roster.officers):
        yield bilingual("反诈中心无人值班(岗位 centre)", "nobody stands at the centre (role centre)")
    if not any(member.role is Role.SUPERVISOR for member in roster.staff):
        yield bilingual(
            "人员名单中没有主管:无人能结案、暂停案件或批准文本",
            "no supervisor among the staff: nobody can close or pause a case, or approve texts",
        )
    for officer in roster.officers:
        if not officer.duty:
            zh, en = "duty 为空,永不在岗,视同不在值班表", "duty is empty: never on duty, and as if not on the roster"
            yield f"{officer.badge}: {bilingual(zh, en)}"
        if kinds[officer.unit] not in _KINDS[officer.role]:
            kind = kinds[officer.unit]
            zh = f"岗位 {officer.role} 设在 {kind} 单位 {officer.unit},不会被派单"
            en = f"role {officer.role} in a unit of kind {kind} ({officer.unit}) is never asked"
            yield f"{officer.badge}: {bilingual(zh, en)}"
    staffed = {officer.unit for officer in roster.officers if officer.duty}
    above = {unit.parent for unit in roster.units}
    for unit in roster.units:
        if unit.code not in staffed and (unit.kind != "centre" or unit.code in above):
            yield f"{unit.code}: {bilingual('没有民警', 'has no officers')}"
        if unit.kind == "precinct" and kinds.get(unit.parent or "") != "county":
            told = bilingual("上级不是县区,无县区值班台可上报", "no county is its parent: no desk above it")
            yield f"{unit.code}: {told}"
