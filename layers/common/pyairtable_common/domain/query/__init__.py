"""Asking for records: what to sort by and where a listing goes on."""
