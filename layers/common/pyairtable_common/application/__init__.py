"""Use cases: one module per aggregate, each function one thing a caller may want."""
