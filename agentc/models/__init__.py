"""Models: weights in, tensor programs and packed parameters out. Start with README.md."""
