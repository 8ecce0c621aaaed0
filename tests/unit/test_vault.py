"""The vault: what is sealed opens only where it belongs, and never after erasure."""

import base64
import hashlib
import json
import stat
import zlib
from dataclasses import replace
from importlib import resources
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from dispatcher import vault
from dispatcher.errors import OperatorError
from dispatcher.simulate import sample
from dispatcher.vault import Erased, Vault

ANN, BEN, ROW, OTHER_ROW = (UUID(int=n) for n in range(1, 5))
OLD, NEW, INDEX = (bytes([n]) * 32 for n in range(1, 4))
RING = Vault("k1", {"k1": OLD}, INDEX)
ROTATED = Vault("k2", {"k1": OLD, "k2": NEW}, INDEX)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_what_is_sealed_opens_again(text: str) -> None:
    key = RING.new_key(ANN)
    assert RING.open(RING.seal(ANN, *key, ROW, "phone", text), *key) == text


def test_a_whole_instruction_takes_less_than_its_text() -> None:
    key, text = RING.new_key(ANN), json.dumps([{"number": "+8615400000001", "kind": "手机"}] * 20)
    sealed = RING.seal(ANN, *key, ROW, "instruction", text)
    assert len(sealed.ciphertext) < len(text.encode()) / 4
    assert RING.open(sealed, *key) == text


def instruction() -> str:
    return json.dumps(next(push.body for push in sample.read(sample.bundled()) if "victim" in push.body))


def test_what_an_older_version_sealed_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    """It compressed an instruction alone."""
    key, text = RING.new_key(ANN), instruction()
    monkeypatch.setattr(vault, "_packed", lambda plain: zlib.compress(plain.encode()))
    before = RING.seal(ANN, *key, ROW, "instruction", text)
    monkeypatch.undo()
    assert RING.open(before, *key) == text
    assert len(RING.seal(ANN, *key, ROW, "instruction", text).ciphertext) < len(before.ciphertext) * 3 / 4


def test_what_instructions_are_compressed_against_never_changes() -> None:
    """Whatever was sealed against it needs it as it is."""
    usual = resources.files("dispatcher").joinpath("vault_form_1.txt").read_bytes()
    assert hashlib.sha256(usual).hexdigest() == "b97fb9f540f086995d8521ee68a5dcac6e8010591f69d714647a2ff06e096735"


def test_a_value_is_sealed_differently_each_time_and_never_in_the_clear() -> None:
    key = RING.new_key(ANN)
    first, second = (RING.seal(ANN, *key, ROW, "phone", "+8615400000001") for _ in range(2))
    assert first.ciphertext != second.ciphertext
    assert b"15400000001" not in first.ciphertext


def test_each_person_has_a_key_of_their_own() -> None:
    assert RING.new_key(ANN)[1] != RING.new_key(ANN)[1]


@pytest.mark.parametrize("moved", [{"id": OTHER_ROW}, {"field": "name"}, {"subject_id": BEN}])
def test_a_moved_ciphertext_does_not_open(moved: dict[str, object]) -> None:
    key = RING.new_key(ANN)
    sealed = RING.seal(ANN, *key, ROW, "phone", "+8615400000001")
    with pytest.raises(InvalidTag):
        RING.open(replace(sealed, **moved), *key)


def test_another_persons_key_does_not_open() -> None:
    sealed = RING.seal(ANN, *RING.new_key(ANN), ROW, "phone", "+8615400000001")
    with pytest.raises(InvalidTag):
        RING.open(sealed, *RING.new_key(ANN))


@pytest.mark.parametrize("position", [0, 12, -1])
def test_a_changed_ciphertext_does_not_open(position: int) -> None:
    key = RING.new_key(ANN)
    sealed = RING.seal(ANN, *key, ROW, "phone", "+8615400000001")
    changed = bytearray(sealed.ciphertext)
    changed[position] ^= 1
    with pytest.raises(InvalidTag):
        RING.open(replace(sealed, ciphertext=bytes(changed)), *key)


def test_rewrapping_keeps_values_readable_and_needs_the_new_key_alone() -> None:
    key = RING.new_key(ANN)
    sealed = RING.seal(ANN, *key, ROW, "phone", "+8615400000001")
    again = ROTATED.rewrap(ANN, *key)
    assert again[0] == "k2"
    assert Vault("k2", {"k2": NEW}, INDEX).open(sealed, *again) == "+8615400000001"


def test_a_key_is_rewrapped_for_its_own_person_only() -> None:
    with pytest.raises(InvalidTag):
        ROTATED.rewrap(BEN, *RING.new_key(ANN))


def test_new_keys_are_wrapped_by_the_current_ring_key() -> None:
    assert ROTATED.new_key(ANN)[0] == "k2"


def test_erased_opens_and_seals_no_more() -> None:
    key_id, wrapped = RING.new_key(ANN)
    sealed = RING.seal(ANN, key_id, wrapped, ROW, "phone", "+8615400000001")
    assert RING.open(sealed, key_id, wrapped)
    with pytest.raises(Erased) as caught:
        RING.open(sealed, key_id, None)
    assert str(caught.value) == str(ANN)
    with pytest.raises(Erased):
        RING.seal(ANN, key_id, None, ROW, "phone", "+8615400000001")


def test_a_wrong_ring_key_does_not_open() -> None:
    key = RING.new_key(ANN)
    sealed = RING.seal(ANN, *key, ROW, "phone", "+8615400000001")
    with pytest.raises(InvalidTag):
        Vault("k1", {"k1": NEW}, INDEX).open(sealed, *key)


def test_a_ring_key_that_is_gone_does_not_open() -> None:
    key = RING.new_key(ANN)
    sealed = RING.seal(ANN, *key, ROW, "phone", "+8615400000001")
    with pytest.raises(KeyError):
        Vault("k2", {"k2": NEW}, INDEX).open(sealed, *key)


def test_digest_is_equal_for_equal_values_of_one_kind() -> None:
    assert RING.digest("phone", "+8615400000001") == ROTATED.digest("phone", "+8615400000001")
    assert len(RING.digest("phone", "")) == 32


def test_digest_is_keyed_and_separates_kinds() -> None:
    digest = RING.digest("phone", "1")
    assert digest != RING.digest("id", "1")
    assert digest != RING.digest("phone", "2")
    assert digest != Vault("k1", {"k1": OLD}, NEW).digest("phone", "1")
    assert RING.digest("a", "b1") != RING.digest("ab", "1")


def test_a_fresh_key_file_is_for_its_owner_alone_and_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "home" / "keys.json"
    made = vault.load(path, make=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text()
    again = vault.load(path, make=True)
    assert path.read_text() == text
    assert again.digest("id", "1") == made.digest("id", "1")
    key = made.new_key(ANN)
    assert again.open(made.seal(ANN, *key, ROW, "name", "何样兰"), *key) == "何样兰"


def test_two_fresh_key_files_differ(tmp_path: Path) -> None:
    first, second = (vault.load(tmp_path / name, make=True) for name in ("a.json", "b.json"))
    assert first.digest("id", "1") != second.digest("id", "1")


def test_a_missing_key_file_is_not_made_unasked(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="DISPATCHER_KEY_FILE"):
        vault.load(tmp_path / "keys.json", make=False)
    assert list(tmp_path.iterdir()) == []


KEY = base64.b64encode(OLD).decode()
SHORT = base64.b64encode(OLD[:16]).decode()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "not json",
        "[]",
        "{}",
        "null",
        json.dumps({"current": "k1", "keys": {"k1": KEY}}),
        json.dumps({"current": "k2", "keys": {"k1": KEY}, "index": KEY}),
        json.dumps({"current": "k1", "keys": {"k1": SHORT}, "index": KEY}),
        json.dumps({"current": "k1", "keys": {"k1": KEY}, "index": SHORT}),
        json.dumps({"current": "k1", "keys": {"k1": "§"}, "index": KEY}),
        json.dumps({"current": "k1", "keys": {"k1": 7}, "index": KEY}),
        json.dumps({"current": "k1", "keys": [KEY], "index": KEY}),
        json.dumps({"current": ["k1"], "keys": {"k1": KEY}, "index": KEY}),
    ],
)
def test_a_damaged_key_file_is_told_without_its_content(tmp_path: Path, content: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(content)
    with pytest.raises(OperatorError) as caught:
        vault.load(path, make=False)
    assert str(path) in str(caught.value)
    assert KEY not in str(caught.value)


def test_a_key_file_that_is_not_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(OperatorError):
        vault.load(path, make=False)
