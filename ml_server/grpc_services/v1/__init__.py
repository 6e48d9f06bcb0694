"""Generated stubs of protobuf package ``ml_server.v1``; written by ``make proto``, never by hand."""
