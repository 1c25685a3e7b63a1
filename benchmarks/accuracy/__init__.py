"""How close the fast programs are to the reference: perplexity, and answers that stay the same."""
