"""Example data: a workshop with products, attributes and orders, to look around in."""

from orders.demo.seed import DemoResult, seed_demo

__all__ = ["DemoResult", "seed_demo"]
