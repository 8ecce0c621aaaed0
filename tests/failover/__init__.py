"""The fail-over drill: two gateways, one of which turns bad in one way after another. See docs/providers.md."""
