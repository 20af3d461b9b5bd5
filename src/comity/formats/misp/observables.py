"""Observables of STIX that did not come from MISP, as typed values of a MISP attribute or object."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from comity.formats.misp.comparisons import Typed
from comity.formats.misp.values import HASHES, Object

MAX_VALUES = 1_000  # of one observable
_NAMES = {algorithm: name for name, algorithm in HASHES.items()}
_TEMPLATE_OF: Mapping[str, str] = {
    "file": "file",
    "network-traffic": "network-connection",
    "email-message": "email",
    "user-account": "user-account",
    "windows-registry-key": "registry-key",
    "x509-certificate": "x509",
    "software": "software",
    "process": "process",
}
# Name, uuid, version and category of the templates that we fill.
TEMPLATES: Mapping[str, tuple[str, str, str]] = {
    "file": ("688c46fb-5edb-40a3-8273-1af7923e2215", "25", "file"),
    "network-connection": ("af16764b-f8e5-4603-9de1-de34d272f80b", "7", "network"),
    "email": ("a0c666e0-fc65-4be8-b48f-3423d788b552", "19", "network"),
    "user-account": ("49606b06-22f0-4ac8-8eee-2f12ad46f3d3", "6", "misc"),
    "registry-key": ("8b3228ad-6d82-4fe6-b2ae-05426308f1d5", "5", "file"),
    "x509": ("d1ab756a-26b5-4349-9f43-765630f0911c", "14", "network"),
    "software": ("b1b5dc0e-73fe-443c-8d9d-0e208de3951e", "1", "misc"),
    "process": ("02aeef94-ac23-455c-addb-731757ceafb5", "10", "misc"),
    "organization": ("f750e12b-127a-432c-b022-b3f9153c4e2a", "9", "misc"),
    "person": ("a15b0477-e9d1-4b9c-9546-abe78a4f4248", "21", "misc"),
}
# Property, relation in the template, type of attribute.
_PLAIN: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "ipv4-addr": (("value", "ip", "ip-dst"),),
    "ipv6-addr": (("value", "ip", "ip-dst"),),
    "domain-name": (("value", "domain", "domain"),),
    "url": (("value", "url", "url"),),
    "email-addr": (("value", "email", "email"),),
    "mac-addr": (("value", "mac", "mac-address"),),
    "mutex": (("name", "name", "mutex"),),
    "directory": (("path", "path", "text"),),
    "file": (
        ("name", "filename", "filename"),
        ("size", "size-in-bytes", "size-in-bytes"),
        ("mime_type", "mimetype", "mime-type"),
    ),
    "windows-registry-key": (("key", "key", "regkey"),),
    "user-account": (
        ("user_id", "user-id", "text"),
        ("account_login", "username", "text"),
        ("account_type", "account-type", "text"),
        ("display_name", "display-name", "text"),
    ),
    "software": (
        ("name", "name", "text"),
        ("vendor", "vendor", "text"),
        ("version", "version", "text"),
        ("cpe", "cpe", "cpe"),
    ),
    "process": (
        ("command_line", "command-line", "text"),
        ("cwd", "current-directory", "text"),
        ("pid", "pid", "text"),
    ),
    "email-message": (
        ("subject", "subject", "email-subject"),
        ("message_id", "message-id", "email-message-id"),
        ("body", "email-body", "email-body"),
    ),
    "network-traffic": (("src_port", "src-port", "port"), ("dst_port", "dst-port", "port")),
    "x509-certificate": (
        ("serial_number", "serial-number", "text"),
        ("issuer", "issuer", "text"),
        ("subject", "subject", "text"),
    ),
}
_ENDS: Mapping[str, Mapping[str, str]] = {
    "ipv4-addr": {"src": "ip-src", "dst": "ip-dst"},
    "ipv6-addr": {"src": "ip-src", "dst": "ip-dst"},
    "domain-name": {"src": "hostname-src", "dst": "hostname-dst"},
    "mac-addr": {"src": "mac-src", "dst": "mac-dst"},
}


def typed_values(found: Object, known: Mapping[str, Object]) -> tuple[str, list[Typed]]:
    """The template for more than one value, and the values; `known` are the observables it may refer to."""
    values = [*_plain(found), *_hashes(found), *_MORE.get(found["type"], _nothing)(found, known)]
    return _TEMPLATE_OF.get(found["type"], ""), values[:MAX_VALUES]


def unsaid(found: Object) -> list[str]:
    """The properties that no attribute tells of."""
    told = (
        {name for name, _, _ in _PLAIN.get(found["type"], ())}
        | _ALWAYS
        | _TOLD.get(found["type"], frozenset())
    )
    return sorted(name for name in found if name not in told)


_ALWAYS = frozenset({"type", "id", "spec_version", "object_marking_refs", "hashes", "defanged"})
_TOLD: Mapping[str, frozenset[str]] = {
    "autonomous-system": frozenset({"number"}),
    "network-traffic": frozenset({"src_ref", "dst_ref", "protocols"}),
    "email-message": frozenset({"from_ref", "to_refs", "cc_refs", "bcc_refs", "is_multipart"}),
    "windows-registry-key": frozenset({"values"}),
}


def _plain(found: Object) -> Iterator[Typed]:
    for name, relation, kind in _PLAIN.get(found["type"], ()):
        value = found.get(name)
        if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
            yield relation, kind, str(value)
    if found["type"] == "autonomous-system" and isinstance(found.get("number"), int):
        yield "asn", "AS", f"AS{found['number']}"


def _hashes(found: Object) -> Iterator[Typed]:
    hashes = found.get("hashes")
    for algorithm, value in hashes.items() if isinstance(hashes, dict) else ():
        name = _NAMES.get(algorithm)
        if name and isinstance(value, str) and value:
            kind = f"x509-fingerprint-{name}" if found["type"] == "x509-certificate" else name
            yield kind, kind, value


def _nothing(_: Object, __: Mapping[str, Object]) -> list[Typed]:
    return []


def _traffic(found: Object, known: Mapping[str, Object]) -> list[Typed]:
    values: list[Typed] = []
    for end in ("src", "dst"):
        other = known.get(str(found.get(f"{end}_ref")), {})
        relation = _ENDS.get(other.get("type", ""), {}).get(end)
        if relation and isinstance(other.get("value"), str):
            kind = "hostname" if relation.startswith("host") else relation
            values.append((relation, "mac-address" if relation.startswith("mac") else kind, other["value"]))
    return values


def _mail(found: Object, known: Mapping[str, Object]) -> list[Typed]:
    refs = [("from", "email-src", found.get("from_ref"))]
    for name in ("to", "cc", "bcc"):
        listed = found.get(f"{name}_refs")
        refs += [(name, "email-dst", ref) for ref in listed] if isinstance(listed, list) else []
    people = [(relation, kind, known.get(str(ref), {}).get("value")) for relation, kind, ref in refs]
    return [(relation, kind, value) for relation, kind, value in people if isinstance(value, str)]


def _key(found: Object, _: Mapping[str, Object]) -> list[Typed]:
    listed = found.get("values")
    parts = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    return [
        (relation, "text", each[name])
        for each in parts
        for name, relation in (("name", "name"), ("data", "data"), ("data_type", "data-type"))
        if isinstance(each.get(name), str) and each[name]
    ]


_MORE: Mapping[str, Callable[[Object, Mapping[str, Object]], list[Typed]]] = {
    "network-traffic": _traffic,
    "email-message": _mail,
    "windows-registry-key": _key,
}
