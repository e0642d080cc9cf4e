"""Which channels can go together, how narrow to make them, and what that brings."""
