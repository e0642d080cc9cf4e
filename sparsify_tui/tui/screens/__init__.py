"""The sections, one screen each."""
