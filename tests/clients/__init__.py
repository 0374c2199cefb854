"""Clients that generators make of the OpenAPI document, and what they do with the product."""
