"""The model: market, homes, strategies and books of a virtual power plant, as pure functions.

Tables in, tables out. Nothing here knows the orchestrator, and only `sources` reads files or the network.
The sub-packages form a line; each imports only packages named above it:

calendar → scenario → tables → physics → fleet → market → settlement → dispatch → negotiation → strategies
→ simulation → results, with `sources` (prices, solar, load) beside them, needing only calendar, scenario and tables.
"""
