"""The tables behind the models, for Core statements.

Creation and the reads of the JSON door use Core: loading and flushing mapped objects took more
than half of their time (docs/benchmarks.md).
"""

from typing import cast

from sqlalchemy import Table

from orders.storage import models

orders = cast(Table, models.OrderRow.__table__)
cart_line = cast(Table, models.CartLineRow.__table__)
order_history = cast(Table, models.OrderHistory.__table__)
submission = cast(Table, models.Submission.__table__)
configuration = cast(Table, models.Configuration.__table__)
