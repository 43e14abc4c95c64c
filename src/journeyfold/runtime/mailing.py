"""What writes a place's mail: its key for tokens, and the address under which it is reached.

Where the project names no `server.public_url`, links lead to the local address that `up` listens
on; it is written down beside the sockets, since every process makes links and only one listens.
"""

from __future__ import annotations

from journeyfold.activate.tracking import TokenKey
from journeyfold.adapters.keyring import Keyring
from journeyfold.project.letters import Letters
from journeyfold.project.settings import Server
from journeyfold.runtime.workspace import Place

_URL = "url"
_ANYWHERE = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - to recognise it, not to bind it


def letters_of(keyring: Keyring, place: Place) -> Letters:
    return Letters(token_key(keyring), local_url(place))


def token_key(keyring: Keyring) -> TokenKey:
    return TokenKey(keyring.derive("link"))


def remember_url(place: Place, host: str, port: int) -> None:
    """Of the run that begins now."""
    host = "127.0.0.1" if host in _ANYWHERE else host
    place.run.mkdir(mode=0o700, parents=True, exist_ok=True)
    (place.run / _URL).write_text(f"http://{f'[{host}]' if ':' in host else host}:{port}")


def local_url(place: Place) -> str:
    """Of the run that is, or was last."""
    try:
        return (place.run / _URL).read_text()
    except FileNotFoundError:
        return f"http://{Server().host}:{Server().port}"
