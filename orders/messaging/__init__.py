"""What leaves the house: messages to webhooks, and mail."""
