"""What the door adds to a context: agent, campaign, network (collect C28, C48)."""

import pytest

from journeyfold.collect.arrival import Arrival
from journeyfold.collect.enrich import agent_of, campaign_of, enrich, network_of
from journeyfold.collect.envelope import Terms

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1"
IPAD = "Mozilla/5.0 (iPad; CPU OS 16_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.0 Mobile/15E148 Safari/604.1"
BOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
BROWSER = Arrival(received_us=1, auth="browser", user_agent=CHROME, ip="203.0.113.77")
SERVER = Arrival(received_us=1, auth="server", user_agent="", ip="")


def enriched(context, arrival=BROWSER, terms=Terms("web")):  # noqa: B008 - frozen
    enrich(context, arrival, terms, 1)
    return context


@pytest.mark.parametrize(
    ("ip", "network"),
    [
        ("203.0.113.77", "203.0.113.0"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
        ("::ffff:203.0.113.77", "203.0.113.0"),
        ("203.0.113.77:80", None),
        ("nonsense", None),
        ("1" * 5000, None),
    ],
)
def test_an_address_is_cut_to_its_network(ip, network):
    assert network_of(ip) == network


def test_a_browsers_own_address_is_used_and_cut():
    assert enriched({})["ip"] == "203.0.113.0"
    assert enriched({"ip": "198.51.100.9"})["ip"] == "198.51.100.0"


def test_a_servers_address_says_nothing_about_the_person():
    assert "ip" not in enriched({}, SERVER)
    assert enriched({"ip": "198.51.100.9"}, SERVER)["ip"] == "198.51.100.0"


@pytest.mark.parametrize("ip", [7, "", None, []])
def test_what_is_no_address_is_not_kept(ip):
    assert enriched({"ip": ip}, SERVER).get("ip") is None


def test_a_whole_address_is_kept_where_the_source_says_so():
    assert enriched({}, terms=Terms("web", keeps_whole_ip=True))["ip"] == "203.0.113.77"


@pytest.mark.parametrize(
    ("text", "device", "system", "is_bot"),
    [
        (CHROME, "desktop", "Linux", False),
        (IPHONE, "phone", "iOS", False),
        (IPAD, "tablet", "iOS", False),
        (BOT, "bot", None, True),
        ("curl/8.0", "other", None, False),
        ("Python-urllib/3.11", "other", None, False),
        ("Java/17.0.2", "other", None, False),
        ("\N{PILE OF POO}" * 50, "other", None, False),
    ],
)
def test_a_user_agent_is_read(text, device, system, is_bot):
    found = agent_of(text)
    assert (found["device"], found["os"], found["bot"]) == (device, system, is_bot)
    assert found["by"].startswith("ua-parser ")


def test_the_agent_is_the_contexts_else_the_browsers():
    assert enriched({"userAgent": IPHONE})["agent"]["device"] == "phone"
    assert enriched({})["agent"]["device"] == "desktop"
    assert "agent" not in enriched({}, SERVER)
    assert "agent" not in enriched({"userAgent": "x" * 2000})
    assert "agent" not in enriched({}, terms=Terms("web", enrich=frozenset()))


def test_two_events_do_not_share_their_agent():
    first, second = enriched({}), enriched({})
    assert first["agent"] == second["agent"]
    assert first["agent"] is not second["agent"]


def test_campaign_tags_and_click_ids_are_read_from_the_page():
    page = {"search": "?utm_source=news&utm_campaign=spring&gclid=G1&q=shoes&utm_source=again"}
    assert enriched({"page": page})["campaign"] == {
        "source": "news",
        "name": "spring",
        "gclid": "G1",
    }


def test_the_address_serves_when_there_is_no_search():
    page = {"url": "https://x.example/p?utm_medium=email#top"}
    assert enriched({"page": page})["campaign"] == {"medium": "email"}


def test_what_the_library_found_wins():
    context = {"page": {"search": "?utm_source=a&utm_term=t"}, "campaign": {"source": "b"}}
    assert enriched(context)["campaign"] == {"source": "b", "term": "t"}


@pytest.mark.parametrize("page", [{}, {"search": 1}, {"url": 1}, {"search": "?q=shoes"}, "x", None])
def test_no_tags_no_campaign(page):
    assert "campaign" not in enriched({"page": page})


def test_hostile_queries_are_bounded():
    assert campaign_of("&".join(f"a{n}=1" for n in range(1000))) is None
    assert campaign_of("utm_source=" + "x" * 5000) == {"source": "x" * 256}
