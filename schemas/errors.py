"""Errors that are for people: each names a field and its remedy, in Chinese with English beside it."""


def bilingual(zh: str, en: str) -> str:
    """Chinese first, English beside it."""
    return f"{zh} / {en}"


class BadInstruction(ValueError):
    """What was pushed can't be taken. Never carries the offending value: it may be personal data."""

    def __init__(self, field: str, zh: str, en: str) -> None:
        self.field = field
        self.reason = f"{field}: {bilingual(zh, en)}" if field else bilingual(zh, en)
        super().__init__(self.reason)
