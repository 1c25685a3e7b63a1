"""What every measurement shares: timing, floors, ratios, tables, files."""
