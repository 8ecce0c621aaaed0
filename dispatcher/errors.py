"""An operator's mistake: told in one clear line, without a traceback."""

from schemas.errors import bilingual


class OperatorError(Exception):
    """What is wrong and the remedy, in Chinese with English beside it. The CLI exits 2 on it."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(bilingual(zh, en))
