"""How is the index kept current while nobody looks, and served to other programs?"""
