"""`preset: wire`: each line of an NDJSON file is a message as a client would have sent it.

Nothing is mapped: the door reads the message as it reads the wire, with `context.auth` = import. A
message without `messageId` gets an id from the file and its line, so that reading the file again
repeats nothing.
"""

from __future__ import annotations

from journeyfold.sources.inventory import Source


def wire(source: Source) -> Source:
    """Refuses what has no meaning beside it; nothing is left to fill in."""
    if source.map or source.fields or source.group or source.columns:
        raise ValueError("`preset: wire` maps nothing: leave out map, fields, group and columns")
    if source.read is None or source.read.format != "ndjson":
        raise ValueError("`preset: wire` reads `ndjson`, one message a line")
    return source
