"""Example data: a workshop with products, attributes and orders, to look around in."""

from orders.demo.seed import DOMAINS, DemoResult, seed_demo

__all__ = ["DOMAINS", "DemoResult", "seed_demo"]
