"""The common templates of MISP objects as observables and comparisons; other templates are left to misp-stix.

Each template reads attributes by their relation. What a template names and STIX does not becomes a property
`x_misp_…`, as misp-stix has it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from comity.base.errors import Malformed
from comity.formats.misp.kinds import FOR_DETECTION
from comity.formats.misp.parts import Attribute, MispObject
from comity.formats.misp.values import (
    HASHES,
    Object,
    address_type,
    checked_hash,
    compared,
    end_pattern,
    hash_pattern,
    observable,
    port_of,
    quoted,
)

Values = dict[str, list[Attribute]]
_NOT_A_NAME = re.compile(r"[^a-z0-9_]")
_WHOLE = re.compile(r"0|[1-9][0-9]{0,14}", re.ASCII)
_FILE: Mapping[str, str] = {
    "filename": "name",
    "file-encoding": "name_enc",
    "mimetype": "mime_type",
    "size-in-bytes": "size",
}
_FILE_RELATIONS = frozenset(
    {*_FILE, *HASHES, "path", "state", "text", "entropy", "fullpath", "magic", "vhash"}
)
_MAIL: Mapping[str, str] = {
    "email-body": "body",
    "from": "from_ref.value",
    "message-id": "message_id",
    "reply-to": "additional_header_fields.reply_to",
    "subject": "subject",
    "x-mailer": "additional_header_fields.x_mailer",
}
_RECIPIENTS = ("to", "cc", "bcc")
_HEADERS: Mapping[str, str] = {"reply-to": "Reply-To", "x-mailer": "X-Mailer"}
_ENDS: Mapping[str, str] = {"ip": "dst", "ip-src": "src", "ip-dst": "dst"}
_PROTOCOLS = ("layer3-protocol", "layer4-protocol", "layer7-protocol")


@dataclass(frozen=True, slots=True)
class Template:
    """How objects of one name are mapped; `relations` are those that it knows."""

    relations: frozenset[str]
    observables: Callable[[MispObject, Values], list[Object]]
    comparisons: Callable[[Values], list[str]]


def values_of(attributes: Iterable[Attribute]) -> Values:
    """The attributes by their relation."""
    found: Values = {}
    for each in attributes:
        found.setdefault(each.relation, []).append(each)
    return found


def for_detection(part: Attribute) -> bool:
    """Whether the attribute, or its type where it does not say, is meant for detection."""
    return part.type in FOR_DETECTION if part.to_ids is None else part.to_ids


def custom_name(relation: str) -> str:
    """The property of what STIX has no name for."""
    return f"x_misp_{_NOT_A_NAME.sub('_', relation.lower())}"


def _rest(values: Values) -> Object:
    found = {relation: [each.value for each in parts] for relation, parts in values.items() if parts}
    return {custom_name(name): texts[0] if len(texts) == 1 else texts for name, texts in found.items()}


def _rest_compared(prefix: str, values: Values) -> list[str]:
    return [
        compared(f"{prefix}:{quoted(custom_name(relation))}", each.value)
        for relation, parts in values.items()
        for each in parts
    ]


def _take(values: Values, relation: str) -> Attribute | None:
    """The first of a relation, which is taken out."""
    parts = values.get(relation)
    return parts.pop(0) if parts else None


def _all(values: Values, relation: str) -> list[Attribute]:
    return values.pop(relation, [])


def _main(kind: str, whole: MispObject, properties: Object) -> Object:
    if not properties:
        raise Malformed("the object", f"says nothing that a {kind} has.")
    return observable(kind, whole.uuid, **properties)


def _address(part: Attribute) -> Object:
    return observable(address_type(part.value), part.uuid, value=part.value)


def _file(whole: MispObject, values: Values) -> list[Object]:
    found: list[Object] = []
    made: Object = {}
    path = _take(values, "path")
    if path:
        found.append(observable("directory", path.uuid, path=path.value))
        made["parent_directory_ref"] = found[0]["id"]
    hashes = {
        name: checked_hash(name, part.value)
        for relation, name in HASHES.items()
        if (part := _take(values, relation))
    }
    made |= {"hashes": hashes} if hashes else {}
    for relation, name in _FILE.items():
        part = _take(values, relation)
        if part:
            made[name] = _whole(part.value) if name == "size" else part.value
    return [_main("file", whole, made | _rest(values)), *found]


def _whole(value: str) -> int:
    if not _WHOLE.fullmatch(value):
        raise Malformed("the value", f"{value[:60]!r} is not a number in its usual spelling.")
    return int(value)


def _file_compared(values: Values) -> list[str]:
    found = [
        hash_pattern(name, part.value)
        for relation, name in HASHES.items()
        if (part := _take(values, relation))
    ]
    for relation, name in _FILE.items():
        found += [compared(f"file:{name}", each.value) for each in _all(values, relation)]
    path = _take(values, "path")
    found += [compared("file:parent_directory_ref.path", path.value)] if path else []
    return found + _rest_compared("file", values)


def _url(whole: MispObject, values: Values) -> list[Object]:
    part = _take(values, "url")
    if part is None:
        raise Malformed("the object", "has no url.")
    return [_main("url", whole, {"value": part.value} | _rest(values))]


def _url_compared(values: Values) -> list[str]:
    part = _take(values, "url")
    found = [compared("url:value", part.value)] if part else []
    return found + _rest_compared("url", values)


def _domain_ip(whole: MispObject, values: Values) -> list[Object]:
    """Each domain under its own uuid, as long as there is nothing but names and addresses."""
    standard = values.keys() <= {"domain", "hostname", "ip"}
    addresses = [_address(each) for each in _all(values, "ip")]
    resolved = {"resolves_to_refs": [each["id"] for each in addresses]} if addresses else {}
    if not values.get("domain") and not values.get("hostname"):
        raise Malformed("the object", "has no domain.")
    if not standard:
        part = _take(values, "domain") or _take(values, "hostname")
        assert part  # noqa: S101  one of them was there, two lines above
        return [_main("domain-name", whole, {"value": part.value} | resolved | _rest(values)), *addresses]
    names = _all(values, "hostname") + _all(values, "domain")
    return addresses + [observable("domain-name", each.uuid, value=each.value, **resolved) for each in names]


def _domain_ip_compared(values: Values) -> list[str]:
    both = "domain" in values and "hostname" in values
    found = [compared("domain-name:value", each.value) for each in _all(values, "domain")]
    hostname = "domain-name:x_misp_hostname" if both else "domain-name:value"
    found += [compared(hostname, each.value) for each in _all(values, "hostname")]
    found += [compared("domain-name:resolves_to_refs[*].value", each.value) for each in _all(values, "ip")]
    return found + _rest_compared("domain-name", values)


def _ip_port(whole: MispObject, values: Values) -> list[Object]:
    made: Object = {}
    addresses: list[Object] = []
    protocols: dict[str, None] = {}
    for relation in ("ip-src", "ip-dst", "ip"):
        name = f"{_ENDS[relation]}_ref"
        part = None if name in made else _take(values, relation)
        if part:
            addresses.append(_address(part))
            made[name] = addresses[-1]["id"]
            protocols[addresses[-1]["type"].partition("-")[0]] = None
    made |= _ports(values)
    protocol = _take(values, "protocol")
    protocols |= {protocol.value: None} if protocol else {}
    made["protocols"] = list(protocols) or ["tcp"]
    return [_main("network-traffic", whole, made | _rest(values)), *addresses]


def _ports(values: Values) -> Object:
    return {
        f"{end}_port": port_of(part.value) for end in ("dst", "src") if (part := _take(values, f"{end}-port"))
    }


def _ip_port_compared(values: Values) -> list[str]:
    found = [
        f"({end_pattern(end, address_type(each.value), each.value)})"
        for relation, end in _ENDS.items()
        for each in _all(values, relation)
    ]
    for relation in ("domain", "hostname"):
        found += [f"({end_pattern('dst', 'domain-name', each.value)})" for each in _all(values, relation)]
    for end in ("dst", "src"):
        path = f"network-traffic:{end}_port"
        found += [compared(path, each.value) for each in _all(values, f"{end}-port")]
    return found + _rest_compared("network-traffic", values)


def _connection(whole: MispObject, values: Values) -> list[Object]:
    made: Object = {}
    ends: list[Object] = []
    for end in ("src", "dst"):
        address = _take(values, f"ip-{end}")
        name = None if address else _take(values, f"hostname-{end}")
        if address:
            ends.append(_address(address))
        elif name:
            ends.append(observable("domain-name", name.uuid, value=name.value))
        if address or name:
            made[f"{end}_ref"] = ends[-1]["id"]
    made |= _ports(values)
    protocols = [part.value.lower() for each in _PROTOCOLS if (part := _take(values, each))]
    made["protocols"] = protocols or ["tcp"]
    return [_main("network-traffic", whole, made | _rest(values)), *ends]


def _connection_compared(values: Values) -> list[str]:
    found: list[str] = []
    for end in ("src", "dst"):
        address, name = _take(values, f"ip-{end}"), _take(values, f"hostname-{end}")
        found += [f"({end_pattern(end, address_type(address.value), address.value)})"] if address else []
        found += [f"({end_pattern(end, 'domain-name', name.value)})"] if name else []
    for end in ("dst", "src"):
        part = _take(values, f"{end}-port")
        found += [compared(f"network-traffic:{end}_port", part.value)] if part else []
    protocols = [part.value.lower() for each in _PROTOCOLS if (part := _take(values, each))]
    found += [compared(f"network-traffic:protocols[{at}]", each) for at, each in enumerate(protocols)]
    return found + _rest_compared("network-traffic", values)


def _email(whole: MispObject, values: Values) -> list[Object]:
    made: Object = {"is_multipart": False}
    people: list[Object] = []
    sender = _take(values, "from")
    if sender:
        people.append(observable("email-addr", sender.uuid, value=sender.value))
        made["from_ref"] = people[0]["id"]
    for relation in _RECIPIENTS:
        found = [observable("email-addr", each.uuid, value=each.value) for each in _all(values, relation)]
        made |= {f"{relation}_refs": [each["id"] for each in found]} if found else {}
        people += found
    for relation, name in (("message-id", "message_id"), ("subject", "subject"), ("email-body", "body")):
        part = _take(values, relation)
        made |= {name: part.value} if part else {}
    headers = {name: [part.value] for relation, name in _HEADERS.items() if (part := _take(values, relation))}
    made |= {"additional_header_fields": headers} if headers else {}
    return [_main("email-message", whole, made | _rest(values)), *people]


def _email_compared(values: Values) -> list[str]:
    found = [
        compared(f"email-message:{relation}_refs[{at}].value", each.value)
        for relation in _RECIPIENTS
        for at, each in enumerate(_all(values, relation))
    ]
    for relation, name in _MAIL.items():
        found += [compared(f"email-message:{name}", each.value) for each in _all(values, relation)]
    return found + _rest_compared("email-message", values)


TEMPLATES: Mapping[str, Template] = {
    "file": Template(_FILE_RELATIONS, _file, _file_compared),
    "url": Template(
        frozenset({"url", "domain", "host", "ip", "port", "scheme", "resource_path", "query_string", "text"})
        | {"domain_without_tld", "fragment", "subdomain", "tld", "credential", "first-seen", "last-seen"},
        _url,
        _url_compared,
    ),
    "domain-ip": Template(
        frozenset({"domain", "hostname", "ip", "text", "port", "first-seen", "last-seen"})
        | {"registration-date"},
        _domain_ip,
        _domain_ip_compared,
    ),
    "ip-port": Template(
        frozenset({"ip", "ip-src", "ip-dst", "src-port", "dst-port", "domain", "hostname", "text"})
        | {"protocol", "country-code", "AS"},
        _ip_port,
        _ip_port_compared,
    ),
    "network-connection": Template(
        frozenset({"ip-src", "ip-dst", "src-port", "dst-port", "hostname-src", "hostname-dst", *_PROTOCOLS})
        | {"community-id", "count", "mac-src", "mac-dst"},
        _connection,
        _connection_compared,
    ),
    "email": Template(
        frozenset({*_MAIL, *_RECIPIENTS, "header", "return-path", "ip-src", "thread-index", "mime-boundary"}),
        _email,
        _email_compared,
    ),
}
