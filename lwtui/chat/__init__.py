"""Conversations: what was said, with which learnware, kept in a database of their own."""
