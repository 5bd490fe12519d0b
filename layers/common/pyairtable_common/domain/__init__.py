"""What the product means: pure values and rules, standard library only."""
