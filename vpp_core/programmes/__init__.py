"""Programmes that pay beside the market: when they have events, against which baseline, and what they pay.

Bare arrays by interval and home; who is measured, and the money's place in the books, is `settlement.programmes`.
"""
