"""The rungs of the ladder, one file each, and the registry that lists them."""
