"""Aggregates to items and back, over the narrow storage ports in ``ports``."""
