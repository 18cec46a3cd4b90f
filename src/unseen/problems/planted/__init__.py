"""Questions with planted features: several parts of the input each tell the answer."""
