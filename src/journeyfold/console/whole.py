"""All faces in one application: collector first, then the JSON API, then the console."""

from __future__ import annotations

import gc
import os
import socket
import sys
from collections.abc import MutableMapping
from typing import Any

import uvloop

from journeyfold.api.app import Api
from journeyfold.api.desks.desk import PlatformDesk, publish, services_of
from journeyfold.api.desks.post import Post
from journeyfold.api.feedback import Feedback
from journeyfold.api.mail_hooks import MailHooks
from journeyfold.api.session import Sessions
from journeyfold.console.app import Console
from journeyfold.console.preferences import renderer
from journeyfold.core.errors import JourneyfoldError
from journeyfold.runtime.platform import Platform
from journeyfold.runtime.serve import serve
from journeyfold.runtime.supervisor import final_code
from journeyfold.runtime.workspace import Place, Workspace

SWITCH_S = 0.001  # a request waits no longer than this for the thread that appends
GC_THRESHOLDS = (10_000, 20, 50)  # requests make no cycles: look for some now and then
_HINT = "The first password was printed by journeyfold up."


class Faces:
    """The API for its own paths, the console for all others."""

    def __init__(self, platform: Platform) -> None:
        desk = PlatformDesk(platform)
        self.services = services_of(platform, desk)
        self._platform = platform
        self._api = Api(self.services)
        self._console = Console(desk, Sessions(platform.admin.users, platform.clock), hint=_HINT)
        self._screens = self._console.app()
        post = Post(platform, self.services)
        self._feedback = Feedback(post, renderer(self._console.screens))
        self._mail_hooks = MailHooks(post, self.services.door)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        path = scope.get("path", "")
        if path == "/v1/decide":
            with self._platform.telemetry.decision_seconds.time():
                await self._api(scope, receive, send)
        elif self._api.owns(path) or path.startswith("/v1/"):
            await self._api(scope, receive, send)
        elif Feedback.owns(path):
            await self._feedback(scope, receive, send)
        elif MailHooks.owns(path):
            await self._mail_hooks(scope, receive, send)
        else:
            await self._screens(scope, receive, send)


def run_serve(place: Place, name: str, listen_fd: int) -> int:
    """Until a signal or the end of the supervisor; the exit code."""
    try:
        platform = Platform(Workspace.of_running(place))
        faces = Faces(platform)
    except JourneyfoldError as error:
        os.write(2, f"journeyfold serve: {error}\n".encode())
        return final_code(error)
    listening = socket.socket(fileno=listen_fd)
    gc.freeze()  # what is loaded now stays: collections look at the rest only
    gc.set_threshold(*GC_THRESHOLDS)
    sys.setswitchinterval(SWITCH_S)
    uvloop.run(
        serve(
            platform, faces, listening, name,
            lambda push: publish(platform, faces.services.hub, push),
        )
    )  # fmt: skip
    return 0
