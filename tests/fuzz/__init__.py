"""Inputs nobody would write on purpose: generators that know what is right, and one harness that counts what happens.

A quick share runs with the other tests; `make fuzz` runs the rest and prints the counts.
"""
