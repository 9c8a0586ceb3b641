"""The command line: every verb, scriptable. One file for each verb or two that belong together."""
