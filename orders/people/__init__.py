"""What people see to themselves: their account and their second factor."""
