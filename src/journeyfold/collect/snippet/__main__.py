"""`python -m journeyfold.collect.snippet` makes the shipped files from `snippet/` of a checkout.

With an address it prints the pinned script element for pages instead:
`python -m journeyfold.collect.snippet https://cdp.example.com jf_pub_…`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from journeyfold.collect.snippet import NAMES, SHIPPED, tag
from journeyfold.collect.snippet.pack import packed

SOURCES = Path("snippet")


def main(words: list[str]) -> int:
    if words:
        host, key = words[0].rstrip("/"), words[1] if len(words) > 1 else "YOUR_WRITE_KEY"
        sys.stdout.write(tag(host, key) + "\n")
        return 0
    if not (SOURCES / SHIPPED.name).is_file():
        sys.stderr.write(f"{SOURCES} is not here; run this at the top of a checkout\n")
        return 2
    for name in NAMES:
        shipped = SHIPPED.with_name(f"{name}.js")
        shipped.write_text(packed((SOURCES / shipped.name).read_text()))
        sys.stdout.write(f"{shipped.stat().st_size} bytes in {shipped.name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
