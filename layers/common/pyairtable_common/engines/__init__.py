"""Implementations of the ports; the only place that imports boto3 or PynamoDB."""
