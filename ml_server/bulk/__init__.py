"""Many documents at once: from a folder, a bucket or a list, to a folder or a bucket, and on from where it stopped.

:func:`ml_server.bulk.reading.read_document` reads one document into a store; :class:`ml_server.bulk.worker.BulkWorker`
is that with a pipeline of its own, for processes and actors; :mod:`ml_server.bulk.run` reads all there are.
"""
