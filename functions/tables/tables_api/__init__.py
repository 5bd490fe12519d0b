"""The tables service: bases, tables and fields."""
