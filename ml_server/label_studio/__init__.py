"""Label Studio at the other end: predictions for its annotators, their corrections for training."""
