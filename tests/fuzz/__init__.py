"""Generated requests against the served product, made from its own OpenAPI document."""
