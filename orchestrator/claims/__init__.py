"""Claims: is a figure that somebody states the right one, and if not, what did they read?"""
