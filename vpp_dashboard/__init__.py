"""The dashboard: a web page of this machine to look at results, read negotiations and describe households.

It reads the lake and its database and computes nothing that the core does not. `queries` asks, and knows no Streamlit;
`look` draws, with the report's colours, names and units; `address` knows the pages and how one is linked; `jobs` runs
commands that take a while, each a process of its own that can be cancelled; `views` has a module per page.
"""
