"""How it is taught: loops, optimizers, regularizers, pruning."""
