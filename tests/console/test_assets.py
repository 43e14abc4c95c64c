"""What is served beside the pages: ours and the vendored, hashed, small."""

from __future__ import annotations

import gzip
from hashlib import sha256

from journeyfold.console.assets import STATIC, Assets, vendored

BUDGET_BYTES = 150_000


def test_vendored_files_are_what_the_manifest_says():
    for one in vendored():
        assert sha256((STATIC / one.path).read_bytes()).hexdigest() == one.sha256, one.path
        assert one.licence in ("0BSD", "MIT")


def test_every_vendored_file_is_in_the_manifest():
    listed = {one.path for one in vendored()}
    present = {path.relative_to(STATIC).as_posix() for path in (STATIC / "vendor").glob("*.js")}
    assert present == listed


def test_scripts_and_styles_keep_the_budget():
    bodies = [asset.body for asset in Assets().by_name.values()]
    assert sum(len(gzip.compress(body)) for body in bodies) < BUDGET_BYTES


def test_a_served_name_holds_the_hash_of_its_content():
    asset = next(iter(Assets().by_name.values()))
    assert sha256(asset.body).hexdigest()[:12] in asset.name


def test_assets_are_cached_for_ever(shop):
    name = Assets().url("parts.css")
    answer = shop.get(name)
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


def test_scripts_evaluate_nothing():
    for path in STATIC.glob("*.js"):
        text = path.read_text()
        assert "eval(" not in text
        assert "new Function" not in text
