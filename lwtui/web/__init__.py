"""The app in a browser: ``lwtui serve``."""
