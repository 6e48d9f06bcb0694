"""Documents that are kept for annotation: one PNG a page, in a folder or a bucket, under names made of their content.

::

    stores.py     where files are kept: a folder, or a bucket that speaks S3
    names.py      what the files are called
    documents.py  one document from bytes to stored pages, once
    addresses.py  how others reach a page
    run.py        many documents, for the command line
    tasks.py      the pages as tasks for Label Studio

``POST /documents`` and ``ml-server ingest`` do the same and agree on names.
"""
