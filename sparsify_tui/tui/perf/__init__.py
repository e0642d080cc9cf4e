"""What the performance section shows: tables, charts and words, one file a theme."""
