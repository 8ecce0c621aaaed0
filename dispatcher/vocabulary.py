"""The words of a centre's sources: those that ship, and a file of its own."""

from pathlib import Path

from dispatcher.errors import OperatorError
from schemas import vocabularies
from schemas.vocabularies import Vocabulary
from schemas.word_file import WordFileError


class VocabularyError(OperatorError):
    """The file of words can't be used."""


def load(path: Path | None) -> Vocabulary:
    """Raises VocabularyError."""
    try:
        return vocabularies.load(path)
    except WordFileError as error:
        raise VocabularyError("词表文件有误(DISPATCHER_VOCABULARY_FILE)", str(error)) from None
