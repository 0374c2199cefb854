"""The desk's pages of customer records."""
