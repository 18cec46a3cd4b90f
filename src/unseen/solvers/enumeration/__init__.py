"""Programs found by enumeration: typed expressions in the order of their probability under a model of rules."""
