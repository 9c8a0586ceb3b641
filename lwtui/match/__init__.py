"""Ranks the learnwares of a collection for a requirement, filters them, and says how sure it is."""
