"""The import of orders from a file: uploaded, matched, checked, then created in the background.

"Matched" means that a person says which field each column contains. The state of an import is in
the database, so that it survives the process that works on it, and every process can show its
progress.
"""
