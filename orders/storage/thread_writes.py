"""What each thread does to the database: whether it writes, and how many writes it committed."""

import threading


class ThreadWrites(threading.local):
    """The writes of a thread; `committed` only counts up.

    `is_reading`: it is in a function that may read from a replica, and must not write.
    """

    is_writing = False
    is_reading = False
    committed = 0


writes = ThreadWrites()
