"""A journey's call just before it leaves: its template for the person as they are (journeys E55)."""

from house import SHOP, House

from journeyfold.activate.destination import Parcel
from journeyfold.core.effect import Deliver
from journeyfold.project.compile import compile_project
from journeyfold.project.load import load
from journeyfold.project.people import profile_of
from journeyfold.runtime.prepare import Broken, Look, Skip, prepare

CALLED = {
    "kind": "webhook", "journey": "cart", "version": "v", "instance": "i", "step": "crm",
    "payload": "crm", "vars": {}, "reply": False, "on_fail": "continue", "hops": 1,
    "entry": {"id": "e", "name": "Cart Updated", "occurred": 0, "properties": {}, "hops": 2},
}  # fmt: skip


def prepared(template, *, profile=True, purpose="", payload="crm"):
    house = House()
    house.track("Signed Up", user="ann", traits={"tier": "gold"}, type_="identify")
    with house.state.read() as reader:
        (person,) = {key.decode() for key, _ in reader.scan("profile", b"", b"\xff" * 9)}
        found = profile_of(reader, person)
    files = {**SHOP.files, "templates/crm.liquid": template}
    look = Look(compile_project(load(files)), found if profile else None, purpose, 5, None)
    deliver = Deliver("k1", "crm", person, 5_000_000, "", {**CALLED, "payload": payload})
    return prepare(deliver, look)


def test_a_template_is_rendered_for_the_person_as_they_are():
    made = prepared('{"tier": "{{ traits.tier }}", "step": "{{ journey.step }}"}')
    assert isinstance(made, Parcel)
    assert (made.kind, made.key, made.body) == ("webhook", "k1", {"tier": "gold", "step": "crm"})


def test_the_hops_of_the_entry_are_counted_on():
    assert prepared("{}").hops == 2


def test_a_template_that_fails_for_a_person_breaks_the_call():
    made = prepared('{"a": "{{ traits.unknown }}"}')
    assert isinstance(made, Broken)
    assert made.reason == (
        "templates/crm.liquid: line 1: 'traits.unknown' is not there; write | default: … or | json"
    )


def test_who_was_erased_is_not_called_about():
    assert prepared("{}", profile=False) == Skip("erased")


def test_the_purpose_of_the_destination_is_asked_for():
    assert prepared("{}", purpose="marketing") == Skip("consent", "marketing")
