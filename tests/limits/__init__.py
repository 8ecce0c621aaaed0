"""The drill of the limits: sixteen workers at once against a receiving end that counts for itself."""
