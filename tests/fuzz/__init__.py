"""Requests generated from the product's own OpenAPI document and sent to the served product."""
