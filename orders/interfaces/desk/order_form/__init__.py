"""The form of an order: entering one, and changing one."""
