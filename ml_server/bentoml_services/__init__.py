"""HTTP: the public contract's routes over one pipeline, served by BentoML.

::

    service.py    the BentoML service: owns the pipeline and the gRPC server, puts the edge around everything
    supervision.py  how the server and the process above it end together
    launch.py     start it as ``ml-server serve`` does
    bento_supervisor.py, bento_worker.py  the processes that this makes: BentoML's, with a safe import path
    import_path.py  which does not begin with the folder they are started in
    edge.py       request ids, API key, size limits, error bodies, access log and metrics, for every path
    exchange.py   one request and its response as the edge sees them
    failures.py   the error body, and what others' errors are called in our table
    paths.py      every path there is
    routes.py     the OCR routes: read the form, call the pipeline, convert
    documents.py  documents that are kept: /documents and /files
    document_schemas.py  their shapes
    probes.py     health, engines, metrics
    docs.py       Swagger UI and OpenAPI
    forms.py      multipart bodies
    schemas.py    what the OCR routes are asked and answer
    box_schemas.py  what stands on a page: words, lines, blocks
    server_schemas.py  errors, health, engines
    key_value_schemas.py  the answer of /extract_key_values
    examples.py   what OpenAPI shows
    waiting.py    give up when the client is gone
    foreign_logs.py  the libraries' log lines, in our format
"""
