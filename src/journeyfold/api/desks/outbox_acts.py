"""The outbox as the console uses it: what `OutboxRoom` shows, and commands appended at once."""

from __future__ import annotations

from journeyfold.activate.outbox import Filter
from journeyfold.api.desks.outbox import OutboxRoom
from journeyfold.core.ports import Entry
from journeyfold.runtime.outbox_view import Act, DestinationAct
from journeyfold.runtime.platform import Platform


class OutboxActs(OutboxRoom):
    """`api.desk_act.OutboxDesk`."""

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform)
        self._writes_to = platform

    def act(self, act: Act, asked: Filter, actor: str) -> None:
        self._append(self.command(act, asked, actor))

    def steer(self, act: DestinationAct, name: str, actor: str) -> None:
        self._append(self.destination_command(act, name, actor))

    def _append(self, entry: Entry) -> None:
        self._writes_to.log.append([entry], now_us=self._writes_to.clock.now_us())
