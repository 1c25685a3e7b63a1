"""What runs tensor programs. One file a kind; nothing here knows requests or prompts."""
