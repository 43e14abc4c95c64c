"""The kit of this folder, as fixtures."""

import importlib.util
import sys
from pathlib import Path

import pytest

_PATH = Path(__file__).with_name("door_kit.py")


def _load():
    if "door_kit" not in sys.modules:
        spec = importlib.util.spec_from_file_location("door_kit", _PATH)
        module = importlib.util.module_from_spec(spec)
        sys.modules["door_kit"] = module
        spec.loader.exec_module(module)
    return sys.modules["door_kit"]


_load()


@pytest.fixture
def kit():
    """A fresh door."""
    return _load().Kit()
