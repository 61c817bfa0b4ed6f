"""What AI agents use: searching and reading the index over the Model Context Protocol."""
