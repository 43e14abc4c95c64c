"""The keys of a data directory: one root, derived keys by label, and data keys by generation.

The root key opens everything and is never in a backup: a lost root key is an unreadable log, there
is no back door (trust PRV-10). Each use has its own key, derived with HKDF-SHA256 (PRV-9). Bodies
are sealed with AES-256-GCM under the newest data key; nonces are random, never the offset, since a
crash reuses offsets.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from journeyfold.adapters.durable_file import create_durably, write_durably
from journeyfold.core.errors import DamageError, FormatError

Label = Literal["integrity", "node", "suppress", "link", "cursor", "wrap", "sync"]

ROOT_KEY_VARIABLE = "JOURNEYFOLD_ROOT_KEY_FILE"
KEY_BYTES, KEY_ID_BYTES, NONCE_BYTES = 32, 16, 12
CLEAR = bytes(KEY_ID_BYTES)  # the key id of what is not encrypted (trust REL-5)


class _DataKey(msgspec.Struct, frozen=True):
    id: bytes
    nonce: bytes
    wrapped: bytes


class _Bunch(msgspec.Struct, frozen=True):
    """The file `keys/data.keys`: worthless without the root key. The last key seals."""

    workspace: bytes
    keys: tuple[_DataKey, ...]
    format: int = 1


class Keyring:
    """Open once a process; seals and opens from any thread."""

    def __init__(self, directory: Path, root: bytes, *, root_was_created: bool = False) -> None:
        self.root_was_created = root_was_created
        self._path = directory / "keys" / "data.keys"
        self._root = root
        self._load()

    @classmethod
    def open(cls, directory: Path) -> Keyring:
        """Open the keys of a data directory, made at first use.

        FormatError, and nothing is made, if data are there and their keys are not.
        `root_was_created` asks the caller to remind: copy the root key somewhere safe.
        """
        keys = directory / "keys"
        bunch, outside = keys / "data.keys", os.environ.get(ROOT_KEY_VARIABLE)
        root_path = Path(outside) if outside else keys / "root.key"
        if not bunch.exists():
            _refuse_without(bunch, directory)
        root_was_created = False
        if not root_path.exists():
            if bunch.exists() or outside:
                raise FormatError(_missing_root(root_path, bunch))
            root_was_created = _made(root_path, os.urandom(KEY_BYTES).hex().encode())
        root = _read_root(root_path)
        if not bunch.exists():
            first = _wrapped(root, workspace := os.urandom(16), os.urandom(KEY_BYTES))
            _made(bunch, msgspec.json.encode(_Bunch(workspace=workspace, keys=(first,))))
        return cls(directory, root, root_was_created=root_was_created)

    @property
    def workspace(self) -> bytes:
        return self._bunch.workspace

    def derive(self, label: Label) -> bytes:
        """32 bytes for one use; the same for ever in this data directory."""
        return _derived(self._root, self._bunch.workspace, label)

    def seal(
        self, kind: str, v: int, body: bytes, nonce: bytes | None = None
    ) -> tuple[bytes, bytes, bytes]:
        """(key id, nonce, ciphertext). A caller with many bodies draws their nonces at once:
        `nonce` must then be 12 bytes of fresh randomness.
        """
        nonce = nonce or os.urandom(NONCE_BYTES)
        key_id = self._sealing_id
        return (
            key_id,
            nonce,
            self._ciphers[key_id].encrypt(nonce, body, self._bound(kind, v, key_id)),
        )

    def unseal(self, kind: str, v: int, key_id: bytes, nonce: bytes, body: bytes) -> bytes:
        """The body. DamageError if it was sealed as something else, or not by us."""
        cipher = self._ciphers.get(key_id) or self._newer(key_id)
        try:
            return cipher.decrypt(nonce, body, self._bound(kind, v, key_id))
        except InvalidTag:
            raise DamageError(
                f"a {kind} body does not open with data key {key_id.hex()}: it was changed"
            ) from None

    def rotate(self) -> bytes:
        """Add a data key for new rows, wrap the old ones again; returns its id."""
        workspace = self._bunch.workspace
        secrets = [_unwrapped(self._root, workspace, key) for key in self._bunch.keys]
        ids = [key.id for key in self._bunch.keys]
        kept = [
            _wrapped(self._root, workspace, secret, key_id)
            for secret, key_id in zip(secrets, ids, strict=True)
        ]
        added = _wrapped(self._root, workspace, os.urandom(KEY_BYTES))
        bunch = _Bunch(workspace=workspace, keys=(*kept, added))
        write_durably(self._path, msgspec.json.encode(bunch) + b"\n")
        self._load()
        return added.id

    def _load(self) -> None:
        try:
            self._bunch = msgspec.json.decode(self._path.read_bytes(), type=_Bunch)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise FormatError(f"{self._path} is damaged: {error}") from error
        workspace = self._bunch.workspace
        self._ciphers = {
            key.id: AESGCM(_unwrapped(self._root, workspace, key)) for key in self._bunch.keys
        }
        self._sealing_id = self._bunch.keys[-1].id
        self._bounds: dict[tuple[str, int, bytes], bytes] = {}

    def _newer(self, key_id: bytes) -> AESGCM:
        """Another process may have rotated since we opened."""
        self._load()
        try:
            return self._ciphers[key_id]
        except KeyError:
            raise FormatError(
                f"data key {key_id.hex()} is wanted and is not in {self._path}; "
                "restore that file from where it was copied"
            ) from None

    def _bound(self, kind: str, v: int, key_id: bytes) -> bytes:
        """What a ciphertext is bound to: workspace | kind | v | key id (trust PRV-10)."""
        bound = self._bounds.get((kind, v, key_id))
        if bound is None:
            bound = b"|".join((self._bunch.workspace, kind.encode(), str(v).encode(), key_id))
            self._bounds[kind, v, key_id] = bound
        return bound


def _made(path: Path, content: bytes) -> bool:
    """Create a file of keys; another process may have been first, then its file is the one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        create_durably(path, content + b"\n")
    except FileExistsError:
        return False
    return True


def _refuse_without(bunch: Path, directory: Path) -> None:
    if (directory / "log.sqlite").exists():
        raise FormatError(
            f"{directory / 'log.sqlite'} is there but its keys are not: {bunch} is missing; "
            "restore it from where it was copied (nothing was created)"
        )


def _missing_root(root_path: Path, bunch: Path) -> str:
    wanted = ""
    if bunch.exists():
        keys = msgspec.json.decode(bunch.read_bytes(), type=_Bunch).keys
        wanted = f"; data key {keys[-1].id.hex()} needs it"
    return (
        f"the root key {root_path} is missing{wanted}; put your copy back there or name it in "
        f"{ROOT_KEY_VARIABLE} (nothing was created)"
    )


def _read_root(path: Path) -> bytes:
    try:
        root = bytes.fromhex(path.read_text("ascii").strip())
    except (ValueError, UnicodeDecodeError):
        root = b""
    if len(root) != KEY_BYTES:
        raise FormatError(f"the root key {path} is not 64 hexadecimal digits (nothing was created)")
    return root


def _derived(root: bytes, workspace: bytes, label: Label) -> bytes:
    info = b"journeyfold/1/" + label.encode()
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=workspace, info=info).derive(root)


def _wrapped(root: bytes, workspace: bytes, secret: bytes, key_id: bytes = b"") -> _DataKey:
    key_id, nonce = key_id or os.urandom(KEY_ID_BYTES), os.urandom(NONCE_BYTES)
    wrap = AESGCM(_derived(root, workspace, "wrap"))
    wrapped = wrap.encrypt(nonce, secret, workspace + key_id)
    return _DataKey(id=key_id, nonce=nonce, wrapped=wrapped)


def _unwrapped(root: bytes, workspace: bytes, key: _DataKey) -> bytes:
    wrap = AESGCM(_derived(root, workspace, "wrap"))
    try:
        return wrap.decrypt(key.nonce, key.wrapped, workspace + key.id)
    except InvalidTag:
        raise FormatError(
            f"the root key is not the one of these data: it does not open data key {key.id.hex()} "
            "(nothing was created)"
        ) from None
