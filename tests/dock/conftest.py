"""The loopback Hub for every test of the dock."""

from tests.hub.fixture import hub

__all__ = ["hub"]
