"""A client's certificate as a reverse proxy passes it on (`Client-Cert`, RFC 9440), by issuer and serial number."""

import base64
import binascii

from cryptography import x509


def named(certificate: x509.Certificate) -> str:
    """Issuer and serial number, which together are one certificate's alone: "CN=…,O=…;1f2e3d"."""
    return f"{certificate.issuer.rfc4514_string()};{certificate.serial_number:x}"


def of_header(value: str) -> str | None:
    """The name of the certificate in a `Client-Cert` header; None where there is none to be read."""
    try:
        der = base64.b64decode(value.strip().strip(":"), validate=True)
        return named(x509.load_der_x509_certificate(der))
    except (binascii.Error, ValueError, x509.InvalidVersion):
        return None


def of_file(content: bytes) -> str:
    """The name of a certificate in PEM. Raises ValueError."""
    return named(x509.load_pem_x509_certificate(content))
