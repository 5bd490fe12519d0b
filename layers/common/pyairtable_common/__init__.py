"""The shared layer of PyAirtable: everything that would still exist were the API gRPC."""
