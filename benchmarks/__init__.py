"""The measured comparisons; each is one command."""
