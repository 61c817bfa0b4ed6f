"""Which passages does a document come in?"""
