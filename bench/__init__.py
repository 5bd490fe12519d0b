"""What calls cost, in milliseconds: `make bench` prints it and fails nothing."""
