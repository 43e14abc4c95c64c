"""`python -m journeyfold.collect.snippet` makes the shipped file from `snippet/jf.js` of a checkout.

With an address it prints the pinned script element for pages instead:
`python -m journeyfold.collect.snippet https://cdp.example.com jf_pub_…`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from journeyfold.collect.snippet import SHIPPED, tag
from journeyfold.collect.snippet.pack import packed

SOURCE = Path("snippet") / "jf.js"


def main(words: list[str]) -> int:
    if words:
        host, key = words[0].rstrip("/"), words[1] if len(words) > 1 else "YOUR_WRITE_KEY"
        sys.stdout.write(tag(host, key) + "\n")
        return 0
    if not SOURCE.is_file():
        sys.stderr.write(f"{SOURCE} is not here; run this at the top of a checkout\n")
        return 2
    SHIPPED.write_text(packed(SOURCE.read_text()))
    sys.stdout.write(f"{SHIPPED.stat().st_size} bytes in {SHIPPED.name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
