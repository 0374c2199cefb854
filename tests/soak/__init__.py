"""The served product under load and one fault after the other; nothing acknowledged may be lost.

`make soak` runs it for SOAK_SECONDS (docs/testing.md). The clients and the checker are outside of
the product: they know only what it has answered.
"""
