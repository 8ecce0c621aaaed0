"""What nobody sees is neither a reason nor a name, however it is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.cli import providers, texts
from dispatcher.errors import OperatorError
from dispatcher.settings import settings
from schemas.folding import is_blank

BLANK = ("", "  ", "\t\n", "\u3000", "\u200b", "\u2800", "\u3164", "\ufeff\u00ad", " \u200d\u2060 ", "\u202e", "\ufe0f")


@pytest.mark.parametrize("text", BLANK, ids=ascii)
def test_nothing_is_written_there(text: str) -> None:
    assert is_blank(text)
    assert not is_blank(f"{text}银行来电{text}")


@given(st.text(st.characters(categories=["Cf", "Zs", "Zl", "Zp", "Cc"]), max_size=5))
def test_blanks_and_signs_without_a_shape_are_nothing(text: str) -> None:
    assert is_blank(text)


@pytest.mark.parametrize("text", BLANK, ids=ascii)
def test_a_provider_is_paused_for_a_reason(text: str) -> None:
    with pytest.raises(OperatorError, match="--reason"):
        providers._reason(text)


@pytest.mark.parametrize("text", BLANK, ids=ascii)
def test_texts_are_approved_by_name(text: str, monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv("DISPATCHER_TEXTS_FOLDER", str(tmp_path))
    settings.cache_clear()
    with pytest.raises(OperatorError, match="--by"):
        texts.approve(text)
    settings.cache_clear()
