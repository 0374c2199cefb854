"""The import of orders from a file: upload, matching, check, and creation in the background.

Matching means to say which field each column of the file contains. The state of an import is in the
database, so that it survives the process that works on it, and every process can show its progress.
"""
