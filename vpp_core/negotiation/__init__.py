"""How an aggregator and its homes bargain for a window: messages, tactics, the workflow, the coalition; what is kept
of it, and how it is judged.

Inside, a negotiation is columns over the segments of the layout; `messages` are its rows, made on demand.
"""
