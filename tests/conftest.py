"""Plugins of the whole suite."""

pytest_plugins = ["aws_servers"]
