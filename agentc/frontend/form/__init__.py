"""The graph form: one pydantic class per operation, and the document around them."""
