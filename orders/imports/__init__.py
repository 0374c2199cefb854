"""Importing orders from a file: uploaded, matched, checked, then made in the background.

All that is known of an import stands in the database, so that it outlives the process that works
on it, and every process can show how far it has come.
"""
