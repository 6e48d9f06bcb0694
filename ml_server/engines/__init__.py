"""OCR engines: pages in, pages out."""
