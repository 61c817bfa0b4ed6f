"""Which files are there, and what is known of each without reading it?"""
