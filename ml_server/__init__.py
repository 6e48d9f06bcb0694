"""Serving OCR and document understanding over HTTP and gRPC from one loaded model."""

__version__ = "0.1.0"
