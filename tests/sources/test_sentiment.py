"""How a mention sounds, by a small lexicon (issue 3)."""

import pytest

from journeyfold.core.event import Event
from journeyfold.sources.sentiment import PROVIDER, sentiment, with_sentiment

SOUNDS = {
    "I love these shoes, best purchase ever!": 1,
    "Great service, fast delivery, thanks": 1,
    "Not bad at all": 1,
    "The box was damaged but support was really helpful and quick": 1,
    "Sehr zufrieden, tolle Qualität und schnell geliefert 👍": 1,
    "Terrible. Broken after two days and a rude answer.": -1,
    "not good": -1,
    "I don’t recommend this shop": -1,
    "Nice design but the app crashes all the time": -1,
    "Nie wieder, die Ware war kaputt und der Service unfreundlich": -1,
    "Das ist nicht gut": -1,
    "😡": -1,
}


@pytest.mark.parametrize("text", SOUNDS)
def test_a_text_sounds_as_a_reader_hears_it(text):
    found = sentiment(text)
    assert found is not None
    assert found * SOUNDS[text] > 0.1


@pytest.mark.parametrize(
    "text", ["", "The parcel came on Tuesday.", "12345", "приятно", "a" * 9_999]
)
def test_a_text_without_a_known_word_says_nothing(text):
    assert sentiment(text) is None


@pytest.mark.parametrize("text", ["love " * 5_000, "hate! " * 5_000])
def test_a_score_stays_on_its_scale(text):
    assert -1 <= sentiment(text) <= 1


def test_a_stronger_word_counts_more_and_a_weaker_one_less():
    assert sentiment("slightly good") < sentiment("good") < sentiment("very good")
    assert sentiment("very bad") < sentiment("bad") < sentiment("good!") < sentiment("good!!!")


def mention(**properties):
    return Event("m", "Brand Mentioned", "track", "s", (), 1, 1, properties, {}, {"auth": "import"})


def test_a_mention_without_a_sentiment_gets_one_that_is_marked_as_derived():
    found = with_sentiment(mention(text="I love it"))
    assert found.properties["sentiment"] == sentiment("I love it")
    assert found.context == {"auth": "import", "derived": {"sentiment": PROVIDER}}


@pytest.mark.parametrize(
    "properties", [{"text": "I love it", "sentiment": -0.5}, {"text": "Tuesday"}, {}]
)
def test_what_the_table_says_stays_and_nothing_is_made_up(properties):
    event = mention(**properties)
    assert with_sentiment(event) is event
