"""What each party of a call hears once key 1 was pressed, and how data is made safe to speak."""

from dispatcher.texts.tables import ScamType, Voice, Wording
from schemas.vocabulary import Person, Relation

# Behind the separator the scam is named, so data must not be able to move it.
_BARS = str.maketrans(dict.fromkeys("|｜", " "))


def speakable(value: str | None) -> str:
    """Somebody else's data, on one line and without the separator."""
    return " ".join((value or "").translate(_BARS).split())


def digit_by_digit(code: str | None) -> str:
    """A gateway would read 123456 as a hundred thousand and more."""
    return " ".join(speakable(code).replace(" ", ""))


def body(
    words: Voice, scam: ScamType, person: Person, relation: Relation | None, occasion: int, *, placed: bool, minor: bool
) -> Wording[str]:
    """The wording for this party. Where person and relation disagree, the one that tells less."""
    match relation, person:
        case Relation.COMMUNITY, _:
            return words.others.community if placed else words.others.community_unplaced
        case Relation.EMPLOYER, _:
            return words.others.employer
        case None, Person.SUBJECT:
            return (words.private if scam.private else words.subject).on(occasion)
        case ((None | Relation.GUARDIAN), Person.GUARDIAN) if minor:
            return words.guardian.on(occasion)
        case _:
            return words.others.family_private if scam.private else words.others.family
