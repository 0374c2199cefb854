"""What staff manage themselves: their own account and second factor."""
