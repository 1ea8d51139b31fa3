"""The folders of the lake's raw files, by name: each said once, for those who read, who keep, and who watch them.

A file that arrives or changes in a folder of `RAW_FOLDERS` makes the table computed anew that is read from it.
"""

OASIS_FILES = "oasis"
"""CAISO's downloads, dropped in by people."""
OWN_PROFILES = "load"
"""Meters' profiles, dropped in by people."""
FETCHED_OASIS = "fetched/oasis"
FETCHED_HOSTED = "fetched/gridstatus.io"
FETCHED_PVWATTS = "fetched/pvwatts"

RAW_FOLDERS = {
    "market_prices": (OASIS_FILES, FETCHED_OASIS, FETCHED_HOSTED),
    "solar_generation": (FETCHED_PVWATTS,),
    "load_profiles": (OWN_PROFILES,),
}
"""Table → the folders it is read from."""
