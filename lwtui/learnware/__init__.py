"""The nouns: what a learnware is, how it is written down, and the collection of them."""
