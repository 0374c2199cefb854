"""Demo data: a workshop with products, attributes and orders."""

from orders.interfaces.cli.demo.seed import DOMAINS, DemoResult, seed_demo

__all__ = ["DOMAINS", "DemoResult", "seed_demo"]
