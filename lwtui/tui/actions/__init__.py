"""The actions of each mode, as data; ``lwtui.tui.bindings`` puts them together."""
