"""The folders of the lake's raw files, by name: each said once, for those who read, who keep, and who watch them.

A source imports the names of the folders it reads. That alone makes them count: a file that arrives or changes there
makes the table computed anew whose code imports the name.
"""

from vpp_core.iso import ISOS

MARKET_FILES = {key: iso.folder for key, iso in ISOS.items()}
"""Downloads of each market, dropped in by people."""
OWN_PROFILES = "load"
"""Meters' profiles, dropped in by people."""
FETCHED_OASIS = "fetched/oasis"
FETCHED_HOSTED = "fetched/gridstatus.io"
FETCHED_PVWATTS = "fetched/pvwatts"
