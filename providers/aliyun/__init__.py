"""Alibaba Cloud: SMS and voice in the mainland."""
