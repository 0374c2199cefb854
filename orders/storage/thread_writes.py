"""What each thread writes: whether it is in a write, and how many were committed."""

import threading


class ThreadWrites(threading.local):
    """The writes of a thread; `committed` only counts up."""

    is_writing = False
    committed = 0


writes = ThreadWrites()
