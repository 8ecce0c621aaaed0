"""Door visits: officers' steps, transfers, roster, addresses, the visit card."""
