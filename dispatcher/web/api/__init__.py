"""The centre's interface: push, change, follow. OpenAPI at /openapi.json."""
