"""A kind of destination is one file; beside it stand its contract test and its documentation."""

from pathlib import Path
from pkgutil import iter_modules

import pytest

from journeyfold.activate import destinations
from journeyfold.activate.destinations import kinds

HERE = Path(__file__).parent
PAGE = (HERE.parents[2] / "docs" / "reference" / "destinations.md").read_text()
MODULES = sorted(each.name for each in iter_modules(destinations.__path__))


@pytest.mark.parametrize("name", MODULES)
def test_a_module_has_a_contract_test_that_opens_it(name):
    contract = HERE / f"test_{name}.py"
    assert contract.is_file(), (
        f"write {contract.name}: what the other side publishes, and ours to it"
    )
    (kind,) = (each for each in kinds().values() if each.__module__.endswith(f".{name}"))
    text = contract.read_text()
    tag = str(kind.__struct_config__.tag)
    assert f"type: {tag}" in text or kind.__name__ in text, f"{contract.name} opens no {tag}"
    assert ".deliver(" in text or "deliver" in text, f"{contract.name} delivers nothing"


@pytest.mark.parametrize("kind", kinds().values(), ids=lambda kind: kind.__name__)
def test_a_kind_is_documented_and_says_what_it_takes(kind):
    tag = str(kind.__struct_config__.tag)
    assert f"\n## {tag}\n" in PAGE, f"docs/reference/destinations.md has no section {tag}"
    assert kind.takes, f"{tag} takes nothing"
    assert kind.batch >= 1
    assert kind.__doc__, f"{tag} says nothing about its keys"
