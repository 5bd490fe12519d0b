"""The records service: routes and wire shapes."""
