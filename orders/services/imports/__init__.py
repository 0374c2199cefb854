"""Importing orders from a file: uploaded, matched, checked, then created in the background.

The state of an import is in the database, so that it survives the process that works on it, and
every process can show its progress.
"""
