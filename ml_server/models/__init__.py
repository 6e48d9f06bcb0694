"""Versions of the key–value model: kept, compared, promoted, rolled back, and trained from corrected documents."""
