"""HTTP at the edge: routing, decoding, error envelopes and the one Chalice adapter."""
