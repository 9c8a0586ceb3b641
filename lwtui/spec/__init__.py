"""Specifications: computed, stored, compared. The science lives here."""
