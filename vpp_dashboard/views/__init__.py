"""One module per page. Streamlit runs a page's file from top to bottom whenever something on it changes.

Not named `pages`, which Streamlit would take for an application of its own until the navigation is known.
"""
