"""HTTP endpoints: today the hooks; the centre's API and the pages come beside it."""
