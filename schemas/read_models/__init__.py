"""What the product shows: read models for `--json`, pages and the API. Ids and codes, no personal data.

Other people's tools rely on the names and on their order; `tests/unit/test_read_models.py` holds them.
"""
