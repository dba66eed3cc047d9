"""Secrets at rest: encrypted with the first key of `SECRETS_KEY`, decrypted with any of its keys."""

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr

MIN_KEY_CHARACTERS = 32

# Neither an address nor a webhook's secret begins so: what does not is a text that an earlier release has stored.
_MARK = "sealed:"
_REMEMBERED_TEXTS = 4_096


class UnreadableSecret(ValueError):
    """A stored secret that none of the keys opens."""

    def __init__(self) -> None:
        super().__init__("a stored secret was sealed with a key that is not in SECRETS_KEY")


def keys_of(setting: SecretStr | None) -> list[str]:
    """Return the keys of a setting that lists them with commas; the first one seals, or signs.

    Raises
    ------
    ValueError
        A key is shorter than 32 characters; the message does not show it.
    """
    if setting is None:
        return []
    keys = [key.strip() for key in setting.get_secret_value().split(",")]
    if any(len(key) < MIN_KEY_CHARACTERS for key in keys):
        raise ValueError(f"each key has {MIN_KEY_CHARACTERS} characters or more")
    return keys


class SecretBox:
    """Seals and opens short texts; without a key it leaves them as they are.

    Notes
    -----
    Fernet: AES-128-CBC with HMAC-SHA256. The keys are texts with enough randomness, so HKDF makes 256 bits of each.
    """

    def __init__(self, setting: SecretStr | None) -> None:
        ciphers = [_cipher(key) for key in keys_of(setting)]
        self._first = ciphers[0] if ciphers else None
        self._all = MultiFernet(ciphers) if ciphers else None
        # A dispatcher opens the same few secrets for each of its messages.
        self._opened = lru_cache(maxsize=_REMEMBERED_TEXTS)(self._decrypt)

    @property
    def has_key(self) -> bool:
        """Whether anything is sealed at all."""
        return self._first is not None

    def seal(self, text: str) -> str:
        """Return what is stored in the place of `text`."""
        return text if self._first is None else _MARK + self._first.encrypt(text.encode()).decode()

    def open(self, stored: str) -> str:
        """Return the text that was sealed; a text that an earlier release stored as it is comes back so.

        Raises
        ------
        UnreadableSecret
            None of the keys opens it.
        """
        return self._opened(stored) if stored.startswith(_MARK) else stored

    def is_current(self, stored: str) -> bool:
        """Tell whether the first key has sealed `stored`."""
        if self._first is None or not stored.startswith(_MARK):
            return self._first is None
        try:
            self._first.decrypt(stored.removeprefix(_MARK))
        except InvalidToken:
            return False
        return True

    def _decrypt(self, stored: str) -> str:
        if self._all is None:
            raise UnreadableSecret
        try:
            return self._all.decrypt(stored.removeprefix(_MARK)).decode()
        except InvalidToken as error:
            raise UnreadableSecret from error


def _cipher(key: str) -> Fernet:
    derived = HKDF(SHA256(), length=32, salt=None, info=b"market-impact-analysis-system secrets at rest")
    return Fernet(base64.urlsafe_b64encode(derived.derive(key.encode())))
