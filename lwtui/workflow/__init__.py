"""The verbs that both faces offer. No user interface here, and nothing heavy at import."""
