"""The gRPC wire: protobuf in and out of the pipeline, and a server around it."""
