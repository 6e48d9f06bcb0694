"""Handlers with nothing around them: what a request costs at least."""
