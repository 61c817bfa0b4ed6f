"""Which files change, told as it happens?"""
