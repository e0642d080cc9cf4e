"""Widgets that know nothing of models: tables, charts, and the lines around them."""
