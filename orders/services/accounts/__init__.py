"""Orgs, their settings and attributes, their people and tokens, and how all of them sign in."""
