"""Parts that more than one screen could use."""
