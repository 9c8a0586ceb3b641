"""lwtui: find, match, run and judge specialised small language models from a terminal."""

__version__ = "0.1.0"
