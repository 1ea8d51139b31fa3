"""How an aggregator and its homes bargain for a window: messages, tactics, the workflow, the coalition, the transcript.

Inside, a negotiation is columns over the segments of the layout; `messages` are its rows, made on demand.
"""
