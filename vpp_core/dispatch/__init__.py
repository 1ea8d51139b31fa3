"""What energy is worth and where it should go: opportunity cost, the segments homes can hold, the window program, and
the month's bound.
"""
