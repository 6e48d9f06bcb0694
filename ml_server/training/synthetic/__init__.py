"""Synthetic business documents with their entities and links, for training key–value extraction.

Words come from :mod:`content`, blocks and pages from :mod:`page`, boxes from headless Chromium (:mod:`render`), files
from :mod:`generate`. ``python -m ml_server.training.synthetic OUT`` writes a set.
"""
