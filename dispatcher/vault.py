"""The vault 个人信息库: keys, encryption, blind indexes.

Each person has a key of their own, wrapped by the key ring; destroying it erases the person.
AES-256-GCM throughout. Associated data binds each value to its row, so that a ciphertext
moved to another row does not open. A blind index finds a phone or an ID without holding it.
"""

import base64
import hashlib
import hmac
import json
import os
import secrets
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from dispatcher.errors import OperatorError
from dispatcher.owners import denied
from dispatcher.store.vault import KeyCheckRow

_NONCE = 12
# How zlib begins, which no text in UTF-8 does: alone, as older versions had it, and against the text of usual values.
_ALONE, _AGAINST_USUAL = b"\x78\x9c", b"\x78\xbb"
_SHORT = 64  # bytes; so few are hardly ever shorter compressed, and to try takes longer than to encrypt them
_CHECK = b"warning-dispatcher key check"


class Erased(LookupError):
    """The person's key has been destroyed."""


@dataclass(frozen=True)
class Sealed:
    """A value as it is stored."""

    id: UUID
    subject_id: UUID
    field: str
    ciphertext: bytes


class Vault:
    """The key ring: `keys` wrap the persons' keys, `current` wraps new ones, `index` keys the blind indexes."""

    def __init__(self, current: str, keys: Mapping[str, bytes], index: bytes) -> None:
        self.current = current
        self._keys = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._index = index
        self._unwrap = lru_cache(maxsize=4096)(self._unwrapped)

    def new_key(self, subject_id: UUID) -> tuple[str, bytes]:
        """A person's fresh key, wrapped: (ring key id, wrapped key)."""
        wrapped = _encrypt(self._keys[self.current], secrets.token_bytes(32), _wrap_data(subject_id, self.current))
        return self.current, wrapped

    def rewrap(self, subject_id: UUID, key_id: str, wrapped: bytes) -> tuple[str, bytes]:
        """The same person's key under the current ring key; no value is touched."""
        key = _decrypt(self._ring_key(key_id), wrapped, _wrap_data(subject_id, key_id))
        return self.current, _encrypt(self._keys[self.current], key, _wrap_data(subject_id, self.current))

    def seal(
        self, subject_id: UUID, key_id: str, wrapped: bytes | None, value_id: UUID, field: str, text: str
    ) -> Sealed:
        """Encrypt one value for one row. Raises Erased."""
        aead = self._subject_key(subject_id, key_id, wrapped)
        ciphertext = _encrypt(aead, _packed(text), _value_data(subject_id, value_id, field))
        return Sealed(value_id, subject_id, field, ciphertext)

    def open(self, sealed: Sealed, key_id: str, wrapped: bytes | None) -> str:
        """Decrypt one value. Raises Erased, or InvalidTag where row and ciphertext don't belong together."""
        aead = self._subject_key(sealed.subject_id, key_id, wrapped)
        data = _value_data(sealed.subject_id, sealed.id, sealed.field)
        return _unpacked(_decrypt(aead, sealed.ciphertext, data))

    def wrap_secret(self, owner_id: UUID, secret: bytes) -> tuple[str, bytes]:
        """A secret of ours, not of a person's, under the key ring: (ring key id, wrapped secret)."""
        wrapped = _encrypt(self._keys[self.current], secret, _secret_data(owner_id, self.current))
        return self.current, wrapped

    def unwrap_secret(self, owner_id: UUID, key_id: str, wrapped: bytes) -> bytes:
        """Raises InvalidTag where secret and owner don't belong together."""
        return _decrypt(self._ring_key(key_id), wrapped, _secret_data(owner_id, key_id))

    def digest(self, kind: str, text: str) -> bytes:
        """Blind index: equal for equal values of one kind, worthless without the key."""
        return hmac.new(self._index, f"{kind}\0{text}".encode(), hashlib.sha256).digest()

    def check(self, session: Session) -> None:
        """Prove that this ring opens this database. Raises OperatorError."""
        marked = set(session.scalars(select(KeyCheckRow.key_id)))
        # Read first: what is marked already needs no writing, which a standby refuses.
        for key_id, aead in self._keys.items():
            if key_id in marked:
                continue
            mark = _encrypt(aead, _CHECK, key_id.encode())
            row = insert(KeyCheckRow).values(key_id=key_id, ciphertext=mark).on_conflict_do_nothing()
            session.execute(row)
        for kept_id, ciphertext in session.execute(select(KeyCheckRow.key_id, KeyCheckRow.ciphertext)).tuples():
            try:
                _decrypt(self._ring_key(kept_id), ciphertext, kept_id.encode())
            except (InvalidTag, KeyError):
                raise OperatorError(
                    f"密钥 {kept_id} 与数据库不符;请检查 DISPATCHER_KEY_FILE",
                    f"key {kept_id} does not open this database; check DISPATCHER_KEY_FILE",
                ) from None

    def _ring_key(self, key_id: str) -> AESGCM:
        return self._keys[key_id]

    def _subject_key(self, subject_id: UUID, key_id: str, wrapped: bytes | None) -> AESGCM:
        if wrapped is None:
            raise Erased(str(subject_id))
        return self._unwrap(subject_id, key_id, wrapped)

    def _unwrapped(self, subject_id: UUID, key_id: str, wrapped: bytes) -> AESGCM:
        return AESGCM(_decrypt(self._ring_key(key_id), wrapped, _wrap_data(subject_id, key_id)))


def load(path: Path, *, make: bool) -> Vault:
    """Read the key file; with `make`, write a fresh one (mode 0600) where there is none. Raises OperatorError."""
    try:
        if make and not path.exists():
            make_keys(path)
        data = json.loads(path.read_text("utf-8"))
        keys = {key_id: base64.b64decode(key, validate=True) for key_id, key in data["keys"].items()}
        index = base64.b64decode(data["index"], validate=True)
        current = data["current"]
        if current not in keys or any(len(key) != 32 for key in (*keys.values(), index)):
            raise ValueError("keys of 32 bytes, and current among them")
    except PermissionError as error:
        raise denied(path, error, "DISPATCHER_KEY_FILE") from None
    except OSError as error:
        raise OperatorError(
            f"无法读取密钥文件 {path}({error.strerror});请检查 DISPATCHER_KEY_FILE",
            f"can't read the key file {path} ({error.strerror}); check DISPATCHER_KEY_FILE",
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise OperatorError(
            f"密钥文件 {path} 格式有误",
            f'the key file {path} is damaged; it must hold "current", "keys" and "index", 32 bytes each in base64',
        ) from None
    return Vault(current, keys, index)


def make_keys(path: Path) -> None:
    """Write a fresh key ring, mode 0600, never over an old one. Raises OperatorError."""
    ring = {"current": "k1", "keys": {"k1": _random_key()}, "index": _random_key()}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except PermissionError as error:
        raise denied(path, error, "DISPATCHER_KEY_FILE") from None
    except OSError as error:
        raise OperatorError(
            f"无法新建密钥文件 {path}({error.strerror})",
            f"can't make the key file {path} ({error.strerror}); an old one is never overwritten",
        ) from None
    with os.fdopen(descriptor, "w") as file:
        json.dump(ring, file, indent=1)


def _random_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _encrypt(aead: AESGCM, plain: bytes, data: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE)
    return nonce + aead.encrypt(nonce, plain, data)


def _decrypt(aead: AESGCM, sealed: bytes, data: bytes) -> bytes:
    return aead.decrypt(sealed[:_NONCE], sealed[_NONCE:], data)


def _packed(text: str) -> bytes:
    """The text, compressed where that is shorter: a whole instruction is, a name is not."""
    plain = text.encode()
    if len(plain) < _SHORT:
        return plain
    compressor = _compressor().copy()
    packed: bytes = compressor.compress(plain) + compressor.flush()
    return packed if len(packed) < len(plain) else plain


def _unpacked(packed: bytes) -> str:
    if packed.startswith(_AGAINST_USUAL):
        reader = zlib.decompressobj(zdict=_usual())
        return (reader.decompress(packed) + reader.flush()).decode()
    plain = zlib.decompress(packed) if packed.startswith(_ALONE) else packed
    return plain.decode()


@cache
def _usual() -> bytes:
    """What instructions usually say, and no person's data. What was written against it needs it for ever, as it is."""
    return resources.files(__package__).joinpath("vault_form_1.txt").read_bytes()


@cache
def _compressor() -> Any:
    return zlib.compressobj(zdict=_usual())


def _wrap_data(subject_id: UUID, key_id: str) -> bytes:
    return b"key\0" + subject_id.bytes + key_id.encode()


def _secret_data(owner_id: UUID, key_id: str) -> bytes:
    return b"secret\0" + owner_id.bytes + key_id.encode()


def _value_data(subject_id: UUID, value_id: UUID, field: str) -> bytes:
    return b"value\0" + subject_id.bytes + value_id.bytes + field.encode()
