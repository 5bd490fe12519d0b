"""The local server: API Gateway's part, on one port, in front of the real Lambda handlers."""
