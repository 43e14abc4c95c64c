"""A shop whose customers came in two ways: signed in, and as contacts of a CRM with nothing in common.

People are those of a list with a truth: the first record of each is a customer, the others contacts.
"""

import csv
from pathlib import Path

from journeyfold.core.event import Event, Identifier
from journeyfold.core.ports import Entry
from journeyfold.identity.normalise import node_of, normalised
from journeyfold.project.scaffold import write_template
from journeyfold.runtime.folding import fold_to_head
from journeyfold.runtime.workspace import Workspace, activate, checked_project, place_of

LINKAGE = """
linkage:
  block_on: [[dob], [email], [first_name], [surname], ["dob[:4]", city], ["email[1:4]"]]
  compare: {first_name+surname: names, dob: date, city: {edits: [2]}, email: email}
  prior: {rules: [[first_name, dob~1], [surname, dob~1], [email]], recall: 0.7}
  train_on: [[dob], [email], [first_name, surname]]
  bands: {review_from: 0.5}
  max_pairs: 50000
"""
TRAITS = ("first_name", "surname", "dob", "city", "email")


def people(shared_data, clusters=70):
    """Rows of the first so many people: `unique_id`, traits and `cluster`."""
    with (Path(shared_data) / "identity" / "fake_1000.csv").open() as file:
        rows = list(csv.DictReader(file))
    return [row for row in rows if int(row["cluster"]) < clusters]


def split(rows):
    """(customers, contacts): the first row of each cluster, and the others."""
    seen, customers, contacts = set(), [], []
    for row in rows:
        (contacts if row["cluster"] in seen else customers).append(row)
        seen.add(row["cluster"])
    return customers, contacts


def claim_of(row, kind):
    """A customer is a `user_id`; a contact is the number of its card."""
    number = int(row["unique_id"])
    return Identifier(kind, f"u{number}" if kind == "user_id" else f"{number:010d}")


def write_rules(directory, linkage=LINKAGE):
    file = directory / "identity.yaml"
    file.write_text(file.read_text().partition("\nlinkage:")[0] + linkage)


class Shop:
    """The stores of a shop that compares; nothing runs, `fold` does."""

    def __init__(self, directory):
        self.project = checked_project(directory)
        self.workspace = Workspace(place_of(directory, None), self.project)
        activate(self.workspace, self.project)

    @classmethod
    def made(cls, directory, linkage=LINKAGE):
        write_template("shop", directory)
        write_rules(directory, linkage)
        return cls(directory)

    def publish(self, linkage):
        write_rules(self.workspace.place.directory, linkage)
        self.project = checked_project(self.workspace.place.directory)
        activate(self.workspace, self.project)
        self.fold()

    def fold(self):
        fold_to_head(self.workspace)

    def contacts(self, rows, kind="loyalty_card", **context):
        """Each an event of its own, appended and folded."""
        now_us = self.workspace.clock.now_us()
        for row in rows:
            event = Event(
                id=f"{kind}/{row['unique_id']}/{context.get('version', 1)}", name="identify",
                type="identify", source="shop_server", identifiers=(claim_of(row, kind),),
                occurred_us=now_us, received_us=now_us,
                traits={name: row[name] for name in TRAITS if row[name]},
                context={"auth": "server", **context},
            )  # fmt: skip
            self.append(event)
        self.fold()

    def append(self, event, kind="event"):
        usable = normalised(event, self.project.identity)[0] if event.identifiers else ()
        nodes = tuple(node_of(one, self.workspace.node_key) for one in usable)
        now_us = self.workspace.clock.now_us()
        self.workspace.log.append([Entry(event, kind, nodes=nodes)], now_us=now_us)

    def node(self, row, kind):
        return node_of(claim_of(row, kind), self.workspace.node_key)

    def say(self, event):
        """Evidence, folded."""
        self.append(event, "evidence")
        self.fold()
