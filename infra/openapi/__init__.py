"""The OpenAPI document: what the code has (routes, policies, errors) joined with wire shapes."""
