"""The officer's card: what to ask and do at this person's door."""

from dispatcher.texts.tables import CardLines, ScamType, Wording
from schemas.case_facts import CaseFacts


def lines(
    words: CardLines,
    scam: ScamType,
    facts: CaseFacts,
    occasion: int,
    *,
    minor: bool,
    is_protected: bool = False,
) -> tuple[Wording[str], ...]:
    """The cue of the type, then what is known of the person, then what is new on this occasion."""
    known = _codes(facts) | ({"minor"} if minor else set())
    chosen: list[Wording[str]] = [scam.cue, *(line for code, line in words.facts.items() if code in known)]
    if occasion >= 2:
        chosen.append(filled(words.again, trick=scam.trick))
    if occasion >= 3 and not scam.private:
        chosen.append(words.together)
    # A minor is never seen alone, whatever the scam.
    if occasion >= 3 and scam.private and "minor" not in known:
        chosen.append(words.alone)
    if is_protected:
        chosen.append(words.appeal)
    return tuple(chosen)


def filled(line: Wording[str], **values: Wording[str]) -> Wording[str]:
    """The line with each value in its own language."""
    return Wording[str](
        zh=line.zh.format(**{name: value.zh for name, value in values.items()}),
        en=line.en.format(**{name: value.en for name, value in values.items()}),
    )


def _codes(facts: CaseFacts) -> set[str]:
    return {*facts.flags(), *facts.vulnerability, f"antifraud_app_{facts.antifraud_app}"}
