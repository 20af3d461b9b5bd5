"""What a type of MISP attribute is in STIX: observables, comparisons of a pattern, and the way back.

Patterns and observables are those of misp-stix, which is what the tests compare with.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from comity.base.errors import Malformed
from comity.formats.misp.values import (
    HASHES,
    VALUE,
    Object,
    address_type,
    checked_hash,
    compared,
    end_pattern,
    hash_pattern,
    in_two,
    observable,
    port_of,
)

_AS = re.compile(r"(?:AS)?(0|[1-9][0-9]{0,9})", re.ASCII | re.IGNORECASE)
# STIX 2.1, section 6.17: the name of the hive stands in full.
_HIVES: Mapping[str, str] = {
    "HKLM": "HKEY_LOCAL_MACHINE",
    "HKCU": "HKEY_CURRENT_USER",
    "HKCR": "HKEY_CLASSES_ROOT",
    "HKU": "HKEY_USERS",
    "HKCC": "HKEY_CURRENT_CONFIG",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """The STIX side of one type of attribute; what a value does not fit raises `Malformed`."""

    observables: Callable[[str, str], list[Object]]  # of a value, with the uuid that their ids share
    comparisons: Callable[[str], str]  # a pattern without its brackets
    value: Callable[[Mapping[str, Object]], str]  # of observables by their type


def _plain(kind: str, name: str) -> Kind:
    return Kind(
        lambda value, uuid: [observable(kind, uuid, **{name: value})],
        partial(compared, f"{kind}:{name}"),
        lambda found: str(found[kind][name]),
    )


def _hash(name: str) -> Kind:
    return Kind(
        lambda value, uuid: [observable("file", uuid, hashes={name: checked_hash(name, value)})],
        partial(hash_pattern, name),
        lambda found: str(found["file"]["hashes"][name]),
    )


def _named_hash(name: str) -> Kind:
    def observables(value: str, uuid: str) -> list[Object]:
        file, found = in_two(value)
        return [observable("file", uuid, hashes={name: checked_hash(name, found)}, name=file)]

    def comparisons(value: str) -> str:
        file, found = in_two(value)
        return f"{compared('file:name', file)} AND {hash_pattern(name, found)}"

    return Kind(
        observables, comparisons, lambda found: f"{found['file']['name']}|{found['file']['hashes'][name]}"
    )


def _traffic(uuid: str, **properties: object) -> Object:
    return observable("network-traffic", uuid, **properties, protocols=["tcp"])


def _address(found: Mapping[str, Object]) -> str:
    return str((found.get("ipv4-addr") or found["ipv6-addr"])["value"])


def _ip(end: str) -> Kind:
    def observables(value: str, uuid: str) -> list[Object]:
        kind = address_type(value)
        return [_traffic(uuid, **{f"{end}_ref": f"{kind}--{uuid}"}), observable(kind, uuid, value=value)]

    return Kind(observables, lambda value: end_pattern(end, address_type(value), value), _address)


def _ip_port(end: str) -> Kind:
    def observables(value: str, uuid: str) -> list[Object]:
        address, port = in_two(value)
        kind = address_type(address)
        ends = {f"{end}_ref": f"{kind}--{uuid}", f"{end}_port": port_of(port)}
        return [_traffic(uuid, **ends), observable(kind, uuid, value=address)]

    def comparisons(value: str) -> str:
        address, port = in_two(value)
        return f"{end_pattern(end, address_type(address), address)} AND {_port(end, port)}"

    return Kind(
        observables,
        comparisons,
        lambda found: f"{_address(found)}|{found['network-traffic'][f'{end}_port']}",
    )


def _port(end: str, port: str) -> str:
    return compared(f"network-traffic:{end}_port", port)


def _hostname_port() -> Kind:
    def observables(value: str, uuid: str) -> list[Object]:
        name, port = in_two(value)
        traffic = _traffic(uuid, dst_port=port_of(port), dst_ref=f"domain-name--{uuid}")
        return [observable("domain-name", uuid, value=name), traffic]

    def comparisons(value: str) -> str:
        name, port = in_two(value)
        return f"{compared('domain-name:value', name)} AND {_port('dst', port)}"

    return Kind(
        observables,
        comparisons,
        lambda found: f"{found['domain-name']['value']}|{found['network-traffic']['dst_port']}",
    )


def _domain_ip() -> Kind:
    def observables(value: str, uuid: str) -> list[Object]:
        name, address = in_two(value)
        kind = address_type(address)
        refs = [f"{kind}--{uuid}"]
        return [
            observable("domain-name", uuid, value=name, resolves_to_refs=refs),
            observable(kind, uuid, value=address),
        ]

    def comparisons(value: str) -> str:
        name, address = in_two(value)
        resolved = compared("domain-name:resolves_to_refs[*].value", address)
        return f"{compared('domain-name:value', name)} AND {resolved}"

    return Kind(observables, comparisons, lambda found: f"{found['domain-name']['value']}|{_address(found)}")


def _autonomous_system() -> Kind:
    def number(value: str) -> int:
        found = _AS.fullmatch(value)
        if not found or int(found[1]) >= 2**32:
            raise Malformed(VALUE, f"{value[:60]!r} is not the number of an autonomous system.")
        return int(found[1])

    return Kind(
        lambda value, uuid: [observable("autonomous-system", uuid, number=number(value))],
        lambda value: compared("autonomous-system:number", str(number(value))),
        lambda found: f"AS{found['autonomous-system']['number']}",
    )


def _mac() -> Kind:
    return Kind(
        lambda value, uuid: [observable("mac-addr", uuid, value=value.lower())],
        partial(compared, "mac-addr:value"),
        lambda found: str(found["mac-addr"]["value"]),
    )


def _in_full(key: str) -> str:
    hive, slash, rest = key.partition("\\")
    return f"{_HIVES.get(hive.upper(), hive)}{slash}{rest}"


def _regkey() -> Kind:
    kind = "windows-registry-key"
    return Kind(
        lambda value, uuid: [observable(kind, uuid, key=_in_full(value.strip()))],
        lambda value: compared(f"{kind}:key", value.strip()),
        lambda found: str(found[kind]["key"]),
    )


def _regkey_value() -> Kind:
    kind = "windows-registry-key"

    def parts(value: str) -> tuple[str, str]:
        key, bar, content = value.partition("|")
        if not (bar and key.strip() and content.strip()):
            raise Malformed(VALUE, f"{value[:60]!r} has not two parts with a bar between them.")
        return key.strip(), content.strip()

    def observables(value: str, uuid: str) -> list[Object]:
        key, content = parts(value)
        return [observable(kind, uuid, key=_in_full(key), values=[{"data": content}])]

    def comparisons(value: str) -> str:
        key, content = parts(value)
        return f"{compared(f'{kind}:key', key)} AND {compared(f'{kind}:values.data', content)}"

    return Kind(
        observables, comparisons, lambda found: f"{found[kind]['key']}|{found[kind]['values'][0]['data']}"
    )


def _certificate(name: str) -> Kind:
    kind = "x509-certificate"
    return Kind(
        lambda value, uuid: [observable(kind, uuid, hashes={name: checked_hash(name, value)})],
        lambda value: hash_pattern(name, value, f"{kind}:hashes"),
        lambda found: str(found[kind]["hashes"][name]),
    )


def _message(path: str, read: Callable[[Object], object], **properties: Callable[[str], object]) -> Kind:
    def observables(value: str, uuid: str) -> list[Object]:
        made = {name: make(value) for name, make in properties.items()}
        return [observable("email-message", uuid, is_multipart=False, **made)]

    return Kind(
        observables,
        partial(compared, f"email-message:{path}"),
        lambda found: str(read(found["email-message"])),
    )


def _header(name: str) -> Kind:
    path = f"additional_header_fields.{name.lower().replace('-', '_')}"
    return _message(
        path,
        lambda found: found["additional_header_fields"][name][0],
        additional_header_fields=lambda value: {name: [value]},
    )


def _correspondent(path: str, name: str, many: bool) -> Kind:  # noqa: FBT001  the table below reads well
    def observables(value: str, uuid: str) -> list[Object]:
        ref = f"email-addr--{uuid}"
        refs = {name: [ref] if many else ref}
        return [
            observable("email-message", uuid, is_multipart=False, **refs),
            observable("email-addr", uuid, value=value),
        ]

    return Kind(
        observables,
        partial(compared, f"email-message:{path}.value"),
        lambda found: str(found["email-addr"]["value"]),
    )


def _email_attachment() -> Kind:
    def observables(value: str, uuid: str) -> list[Object]:
        said = f"attachment; filename='{value}'"
        body = [{"content_disposition": said, "body_raw_ref": f"file--{uuid}"}]
        return [
            observable("email-message", uuid, is_multipart=True, body_multipart=body),
            observable("file", uuid, name=value),
        ]

    return Kind(
        observables,
        partial(compared, "email-message:body_multipart[*].body_raw_ref.name"),
        lambda found: str(found["file"]["name"]),
    )


def _github() -> Kind:
    path = "user-account:account"
    return Kind(
        lambda value, uuid: [
            observable("user-account", uuid, account_type="github", account_login=value),
        ],
        lambda value: f"{path}_type = 'github' AND {compared(f'{path}_login', value)}",
        lambda found: str(found["user-account"]["account_login"]),
    )


def _kinds() -> dict[str, Kind]:
    url, file = _plain("url", "value"), _plain("file", "name")
    return {
        "AS": _autonomous_system(),
        "attachment": file,
        "domain": _plain("domain-name", "value"),
        "hostname": _plain("domain-name", "value"),
        "domain|ip": _domain_ip(),
        "hostname|port": _hostname_port(),
        "email": _plain("email-addr", "value"),
        "email-attachment": _email_attachment(),
        "email-body": _message("body", lambda found: found["body"], body=str),
        "email-dst": _correspondent("to_refs[*]", "to_refs", many=True),
        "email-header": _message(
            "received_lines", lambda found: found["received_lines"][0], received_lines=lambda value: [value]
        ),
        "email-message-id": _message("message_id", lambda found: found["message_id"], message_id=str),
        "email-reply-to": _header("Reply-To"),
        "email-src": _correspondent("from_ref", "from_ref", many=False),
        "email-subject": _message("subject", lambda found: found["subject"], subject=str),
        "email-x-mailer": _header("X-Mailer"),
        "filename": file,
        "github-username": _github(),
        "ip-dst": _ip("dst"),
        "ip-src": _ip("src"),
        "ip-dst|port": _ip_port("dst"),
        "ip-src|port": _ip_port("src"),
        "link": url,
        "mac-address": _mac(),
        "malware-sample": _named_hash("MD5"),
        "mutex": _plain("mutex", "name"),
        "regkey": _regkey(),
        "regkey|value": _regkey_value(),
        "uri": url,
        "url": url,
        **{f"x509-fingerprint-{name}": _certificate(HASHES[name]) for name in ("md5", "sha1", "sha256")},
        **{name: _hash(algorithm) for name, algorithm in HASHES.items()},
        **{f"filename|{name}": _named_hash(algorithm) for name, algorithm in HASHES.items()},
    }


KINDS: Mapping[str, Kind] = _kinds()
# What nothing but a pattern says; without `to_ids` these are kept as they are.
ONLY_PATTERNS: Mapping[str, str] = {
    "http-method": "network-traffic:extensions.'http-request-ext'.request_method",
    "port": "network-traffic:dst_port",
    "size-in-bytes": "file:size",
    "user-agent": "network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'",
}
# Rules in a language of their own, by the `pattern_type` of STIX.
RULES: Mapping[str, str] = {
    "sigma": "sigma",
    "snort": "snort",
    "suricata": "suricata",
    "yara": "yara",
    "stix2-pattern": "stix",
}
# What MISP calls targeting data, and the class of identity (STIX 2.1, section 10.8) that the victim is.
VICTIM_CLASS: Mapping[str, str] = {
    "target-org": "organization",
    "target-external": "organization",
    "target-user": "individual",
    "target-email": "individual",
    "target-machine": "system",
    "target-location": "unspecified",
}
# The types whose attributes are meant for detection where the event does not say (describeTypes of MISP).
FOR_DETECTION = (
    frozenset(KINDS)
    | RULES.keys()
    | frozenset({"bro", "zeek", "btc", "dash", "xmr", "iban", "bic", "bank-account-nr", "pattern-in-file"})
) - frozenset(
    {"AS", "attachment", "email-body", "email-header", "email-message-id", "email-reply-to", "email-subject"}
    | {"email-x-mailer", "github-username", "link", "mac-address"}
)


def by_type(observables: Sequence[Object]) -> dict[str, Object]:
    """The observables of one attribute, none of which has the type of another."""
    return {each["type"]: each for each in observables}


def value_from(kind: str, observables: Iterable[Object]) -> str | None:
    """The value that these observables say, or None if they do not say it."""
    try:
        return KINDS[kind].value(by_type(tuple(observables)))
    except (KeyError, IndexError, TypeError):
        return None
