"""How does another model take over without a gap in searching?"""
