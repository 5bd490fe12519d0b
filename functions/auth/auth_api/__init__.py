"""Who somebody is: registration, login, personal access tokens, public keys."""
