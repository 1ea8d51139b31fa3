"""Dagster's web pages for one person: the webserver behind a guard, with the daemon in the same process.

Dagster's webserver has no login and takes mutations from whoever reaches it, by GET too: any page open in the same
browser could launch runs. `guard` stands before it; `server` serves; `background` starts and ends the rest.
"""
