"""What is a whole answer, with all that has to be said beside it?"""
