"""The embedded engine: one SQLite file, durable, nothing to install."""
