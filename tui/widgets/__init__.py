"""The parts that screens are made of; each tells its screen what happened by messages."""
