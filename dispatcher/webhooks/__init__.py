"""Webhooks 进展推送: what happened in the cases of a source, sent to it in order, signed, until it is taken."""
