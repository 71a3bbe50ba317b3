"""X.509: signing requests read, certificates made and read. Real ones, so `openssl x509 -text` on another machine shows what is meant.

Keys are Ed25519 and follow from a text (`key_of`), so equal clusters issue equal certificates. Whoever knows the seed of a cluster knows its CA: it guards
nothing outside. The library takes a moment to load and most clusters never issue a certificate, so it is loaded with the first one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import blake2b, sha256
from importlib import import_module
from typing import Any

_SUBJECT_ALT_NAME = "2.5.29.17"
_KINDS = {"DNSName": "DNS", "RFC822Name": "Email", "IPAddress": "IP", "UniformResourceIdentifier": "URI"}
_HAZMAT = "cryptography.hazmat.primitives"


class CertificateError(ValueError):
    """The text is no such thing; the message says what it is not."""


@dataclass(frozen=True, slots=True)
class Subject:
    name: str
    """CN."""
    organizations: tuple[str, ...] = ()
    alternatives: tuple[str, ...] = ()
    """Which kinds of subjectAltName stand beside it: `DNS`, `Email`, `IP`, `URI`."""


@dataclass(frozen=True, slots=True)
class Certificate:
    subject: Subject
    issuer: str
    serial: int
    begins_s: int
    ends_s: int
    """Seconds since 1970."""
    fingerprint: str
    """SHA-256 of the certificate as it is signed, in hexadecimal digits."""


@lru_cache(maxsize=1)
def _x509() -> Any:
    return import_module("cryptography.x509")


def _part(name: str) -> Any:
    return import_module(f"{_HAZMAT}.{name}")


def key_of(secret: str) -> str:
    """A private key in PEM (PKCS #8) that follows from a text."""
    serialization = _part("serialization")
    found = _private(secret).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return str(found.decode())


def make_request(key: str, subject: Subject, dns_names: Sequence[str] = ()) -> str:
    """A certificate signing request in PEM. Raises CertificateError when `key` is none."""
    try:
        private = _part("serialization").load_pem_private_key(key.encode(), None)
        hashed = _hash_for(private)
        builder = _x509().CertificateSigningRequestBuilder().subject_name(_named(subject))
        if dns_names:
            names = _x509().SubjectAlternativeName([_x509().DNSName(name) for name in dns_names])
            builder = builder.add_extension(names, critical=False)
        made = builder.sign(private, hashed)
    except (ValueError, TypeError) as error:
        raise CertificateError("Could not read private key") from error
    return str(made.public_bytes(_part("serialization").Encoding.PEM).decode())


def read_request(text: bytes) -> Subject:
    """Raises CertificateError in the words of `pkg/apis/certificates/v1/helpers.go: ParseCSR`."""
    if b"-----BEGIN CERTIFICATE REQUEST-----" not in text:
        raise CertificateError("PEM block type must be CERTIFICATE REQUEST")
    try:
        found = _x509().load_pem_x509_csr(text)
        kinds = tuple(sorted({_KINDS.get(type(one).__name__, "") for one in _alternatives(found)} - {""}))
        return replace(_subject(found.subject), alternatives=kinds)
    except (ValueError, TypeError) as error:
        raise CertificateError("asn1: structure error: malformed certificate request") from error


def issue(authority: str, request: bytes, *, serial: int, begins_s: int, ends_s: int, for_servers: bool) -> str:
    """The certificate in PEM that the authority named by its secret makes of a request."""
    x509, usage = _x509(), import_module("cryptography.x509.oid").ExtendedKeyUsageOID
    asked = x509.load_pem_x509_csr(request)
    builder = (
        x509.CertificateBuilder()
        .subject_name(asked.subject)
        .issuer_name(_named(Subject("kubernetes")))
        .public_key(asked.public_key())
        .serial_number(serial)
        .not_valid_before(datetime.fromtimestamp(begins_s, UTC))
        .not_valid_after(datetime.fromtimestamp(ends_s, UTC))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage.SERVER_AUTH if for_servers else usage.CLIENT_AUTH]), critical=False)
    )
    if names := _alternatives(asked):
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    made = builder.sign(_private(authority), None)
    return str(made.public_bytes(_part("serialization").Encoding.PEM).decode())


def read_certificate(text: str) -> Certificate:
    """Raises CertificateError."""
    try:
        found = _x509().load_pem_x509_certificate(text.encode())
    except (ValueError, TypeError) as error:
        raise CertificateError("Could not read certificate") from error
    return Certificate(
        _subject(found.subject),
        _subject(found.issuer).name,
        found.serial_number,
        int(found.not_valid_before_utc.timestamp()),
        int(found.not_valid_after_utc.timestamp()),
        str(found.fingerprint(_part("hashes").SHA256()).hex()),
    )


def is_signed_by(authority: str, text: str) -> bool:
    """Whether this authority issued the certificate."""
    try:
        found = _x509().load_pem_x509_certificate(text.encode())
        _private(authority).public_key().verify(found.signature, found.tbs_certificate_bytes)
    except (ValueError, TypeError, import_module("cryptography.exceptions").InvalidSignature):
        return False
    return True


def public_key_pin(secret: str) -> str:
    """`sha256:…` over the public key of an authority, as `kubeadm join --discovery-token-ca-cert-hash` wants it (RFC 7469)."""
    serialization = _part("serialization")
    der = (
        _private(secret)
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return f"sha256:{sha256(der).hexdigest()}"


def _private(secret: str) -> Any:
    seed = blake2b(secret.encode(), digest_size=32).digest()
    return _part("asymmetric.ed25519").Ed25519PrivateKey.from_private_bytes(seed)


def _hash_for(private: Any) -> Any:
    """Ed25519 brings its own; other keys of a learner need one named."""
    is_edwards = isinstance(private, _part("asymmetric.ed25519").Ed25519PrivateKey)
    return None if is_edwards else _part("hashes").SHA256()


def _named(subject: Subject) -> Any:
    x509, oid = _x509(), import_module("cryptography.x509.oid").NameOID
    parts = [x509.NameAttribute(oid.ORGANIZATION_NAME, one) for one in subject.organizations]
    return x509.Name([*parts, x509.NameAttribute(oid.COMMON_NAME, subject.name)])


def _alternatives(request: Any) -> list[Any]:
    """The names a request asks for beside its subject."""
    found = [one.value for one in request.extensions if one.oid.dotted_string == _SUBJECT_ALT_NAME]
    return list(found[0]) if found else []


def _subject(name: Any) -> Subject:
    oid = import_module("cryptography.x509.oid").NameOID
    names = [str(one.value) for one in name.get_attributes_for_oid(oid.COMMON_NAME)]
    return Subject(
        names[0] if names else "",
        tuple(str(one.value) for one in name.get_attributes_for_oid(oid.ORGANIZATION_NAME)),
    )
