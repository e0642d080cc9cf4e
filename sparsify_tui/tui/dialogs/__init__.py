"""Modal screens that ask one thing and give back one answer."""
