"""Tencent Cloud: SMS and voice messages in the mainland."""
