"""The TUI."""
