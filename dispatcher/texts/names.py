"""What a person is addressed by."""

_UNKNOWN = "某某"
_DOUBLE_SURNAMES = ("欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "司徒", "夏侯")


def surname(name: str | None) -> str | None:
    """What a person is addressed by."""
    if not name:
        return None
    if name.isascii():
        return name.split(",")[0] if "," in name else name.split()[-1]
    return name[:2] if name.startswith(_DOUBLE_SURNAMES) else name[0]


def masked(name: str | None) -> str:
    """What anybody may read of a name; a person with one name only is not told by it."""
    seen = surname(name)
    return f"{seen if seen and seen != name else ''}{_UNKNOWN}"
