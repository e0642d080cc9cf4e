"""What the loss section shows: table, charts and words, one file a theme."""
