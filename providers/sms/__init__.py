"""SMS gateways and clouds."""
