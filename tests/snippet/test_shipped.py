"""The file that ships: current, small, served to any page, cached by its hash (collect C03, C50)."""

import gzip
from base64 import b64encode
from hashlib import sha384
from pathlib import Path

import httpx
import pytest

from journeyfold.collect.snippet import NAMES, SHIPPED, is_script, script, served, tag
from journeyfold.collect.snippet.pack import packed

SOURCES = Path(__file__).resolve().parents[2] / "snippet"
BUDGET = 6 * 1024


@pytest.mark.parametrize("name", NAMES)
def test_the_shipped_file_is_made_from_the_source(name):
    source = (SOURCES / f"{name}.js").read_text()
    assert SHIPPED.with_name(f"{name}.js").read_text() == packed(source), (
        "run python -m journeyfold.collect.snippet"
    )


def test_the_snippet_fits_six_kib_of_gzip():
    size = len(gzip.compress(script().body, 9, mtime=0))
    print(f"jf.js: {len(script().body)} bytes, {size} of {BUDGET} gzipped")
    assert size <= BUDGET


@pytest.mark.parametrize("word", ["eval(", "new Function", "document.write", 'setTimeout("'])
@pytest.mark.parametrize("name", NAMES)
def test_it_makes_no_code_of_text(word, name):
    assert word not in (SOURCES / f"{name}.js").read_text()


def test_what_reads_the_page_fits_two_kib_of_gzip():
    assert len(gzip.compress(script("jf-page").body, 9, mtime=0)) <= 2 * 1024


def test_a_hash_of_another_release_is_not_there():
    assert is_script("/js/jf-page.0123456789abcdef.js")
    assert served("/js/jf-page.0123456789abcdef.js", "") is None
    assert is_script("/js/jf.0123456789abcdef.js")
    assert served("/js/jf.0123456789abcdef.js", "") is None


@pytest.mark.parametrize(
    "path", ["/js/jf.js.map", "/js/../js/jf.js", "/js/jf.xyz.js", "/js/", "/jf.js"]
)
def test_no_other_path_is_the_snippet(path):
    assert not is_script(path)


def test_the_pinned_element_names_the_content_it_pins():
    pinned = tag("https://cdp.example.com", "jf_pub_x")
    digest = b64encode(sha384(SHIPPED.read_bytes()).digest()).decode()
    assert f"https://cdp.example.com{script().hashed}" in pinned
    assert f'integrity="sha384-{digest}"' in pinned
    assert 'crossorigin="anonymous"' in pinned


@pytest.fixture(scope="module")
def ask(live):
    with httpx.Client(base_url=live.url, trust_env=False) as client:
        yield client.get


def test_any_page_may_load_it(ask):
    answer = ask("/js/jf.js", headers={"origin": "https://shop.example.com"})
    assert answer.content == SHIPPED.read_bytes()
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_plain_name_is_cached_for_minutes_and_the_hashed_for_ever(ask):
    assert "max-age=300" in ask("/js/jf.js").headers["cache-control"]
    assert "immutable" in ask(script().hashed).headers["cache-control"]


def test_who_has_it_is_told_so(ask):
    etag = ask("/js/jf.js").headers["etag"]
    again = ask("/js/jf.js", headers={"if-none-match": f'"other", W/{etag}'})
    assert (again.status_code, again.content) == (304, b"")
    assert ask("/js/jf.js", headers={"if-none-match": '"other"'}).status_code == 200
