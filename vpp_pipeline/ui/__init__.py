"""Dagster's web pages for one person: the webserver behind a guard, and the daemon beside it.

Dagster's webserver has no login and takes mutations from whoever reaches it, by GET too: any page open in the same
browser could launch runs. `guard` stands before it; `server` starts and ends the processes.
"""
