"""Directions, not points: the small module that every notebook uses.

Import from the submodules, so that a reader sees where a name lives:

    from helpers.model import load_model
    from helpers.geometry import cosine
"""
