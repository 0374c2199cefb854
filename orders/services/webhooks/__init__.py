"""What the service sends: messages to webhooks, and mail."""
