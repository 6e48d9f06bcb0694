"""Semantic entity recognition (SER) and relation extraction (RE) over words and boxes, with LayoutLM."""
