"""Field types: one small class each, in the module of its family; ``registry`` lists them."""
