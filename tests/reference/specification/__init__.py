"""The stream as docs/stream.md and docs/stream_functions.md specify it, operation by operation, in NumPy.

Written from the two pages, with the names that they use; constants are read from the page itself.
"""
