"""Which passages answer a query, and in which order?"""
