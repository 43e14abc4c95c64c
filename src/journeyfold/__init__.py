"""journeyfold: from an event to a decision, with every step explained."""

__version__ = "0.1.0"
