"""The eleven assets: each reads its inputs, makes one call to the core, and returns a table with its metadata."""
