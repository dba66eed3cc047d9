"""A registry on loopback: charts under their versions, and beside them signatures in cosign's form (bundles)."""

import base64
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.platform.support.chart import JSON

MANIFEST, INDEX = "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json"
CHART_CONFIG = "application/vnd.cncf.helm.config.v1+json"
CHART_CONTENT = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
STATEMENT = "application/vnd.in-toto+json"


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@dataclass
class Registry:
    """What is in it: contents by digest, digests by tag, and what refers to a digest."""

    contents: dict[str, tuple[str, bytes]] = field(default_factory=dict, repr=False)
    tags: dict[str, str] = field(default_factory=dict)
    referrers: dict[str, list[JSON]] = field(default_factory=dict)

    def push_chart(self, archive: Path, name: str, version: str) -> str:
        """Keep a packed chart as Helm would push it; return its digest."""
        config = self._keep(CHART_CONFIG, json.dumps({"name": name, "version": version}).encode())
        layer = self._keep(CHART_CONTENT, archive.read_bytes())
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]}
        digest: str = self._keep(MANIFEST, json.dumps(manifest).encode())["digest"]
        self.tags[version] = digest
        return digest

    def sign(self, digest: str, key: ec.EllipticCurvePrivateKey) -> None:
        """Keep a signature of what has this digest, as `cosign sign --key` would without a transparency log."""
        algorithm, _, value = digest.partition(":")
        statement = json.dumps(
            {
                "_type": "https://in-toto.io/Statement/v1",
                "subject": [{"name": "", "digest": {algorithm: value}}],
                "predicateType": "https://sigstore.dev/cosign/sign/v1",
                "predicate": {},
            }
        ).encode()
        signed = b"DSSEv1 %d %s %d %s" % (len(STATEMENT), STATEMENT.encode(), len(statement), statement)
        signature = key.sign(signed, ec.ECDSA(hashes.SHA256()))
        bundle = {
            "mediaType": BUNDLE,
            "verificationMaterial": {"publicKey": {"hint": ""}},
            "dsseEnvelope": {
                "payload": base64.b64encode(statement).decode(),
                "payloadType": STATEMENT,
                "signatures": [{"sig": base64.b64encode(signature).decode()}],
            },
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "artifactType": BUNDLE,
            "config": self._keep("application/vnd.oci.empty.v1+json", b"{}"),
            "layers": [self._keep(BUNDLE, json.dumps(bundle).encode())],
            "subject": {"mediaType": MANIFEST, "digest": digest, "size": len(self.contents[digest][1])},
        }
        described = self._keep(MANIFEST, json.dumps(manifest).encode())
        self.referrers.setdefault(digest, []).append(described | {"artifactType": BUNDLE})

    def answer(self, path: str) -> tuple[str, bytes] | None:
        """Return the type and the content of what lies under a path of the registry's API, None where nothing does."""
        if path == "/v2/":
            return "application/json", b"{}"
        _, kind, reference = path.rsplit("/", 2)
        if kind == "referrers":
            index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": self.referrers.get(reference, [])}
            return INDEX, json.dumps(index).encode()
        return self.contents.get(self.tags.get(reference, reference))

    def _keep(self, media_type: str, content: bytes) -> JSON:
        digest = digest_of(content)
        self.contents[digest] = (media_type, content)
        return {"mediaType": media_type, "digest": digest, "size": len(content)}


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def public_half(key: ec.EllipticCurvePrivateKey) -> str:
    """Return what a cluster is given, to verify by."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
