"""The README's picture, from a running demo.

python tests/browser/picture.py http://127.0.0.1:8080 PASSWORD docs/images/overview.png
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from chromium import chromium_page

url, password, target = sys.argv[1:]
size = {"width": 1280, "height": 800}
with chromium_page(viewport=size, color_scheme="light", reduced_motion="reduce") as page:
    page.goto(f"{url}/sign-in")
    page.fill("#u", "admin")
    page.fill("#p", password)
    page.click("button[type=submit]")
    page.wait_for_url(f"{url}/")
    page.wait_for_timeout(15_000)  # charts fill with what arrives
    page.screenshot(path=target)
