"""What properties demand of one another: the sentences under the tables of sections 3 to 7, as data.

A constraint is asked only when the properties that it reads are well-formed, so it may rely on their kinds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from ipaddress import IPv6Address
from typing import Any, NamedTuple

from comity.formats.markings import TLP_EXTENSION, TLP_IDS, TLP_OF_ID
from comity.formats.stix import RELATIONS
from comity.formats.stix21.domain import DOMAIN_OBJECTS
from comity.formats.stix21.finding import FINE, Problem, Problems, Rule, shown
from comity.formats.stix21.identifiers import VERSION, deterministic_id
from comity.formats.stix21.kinds import instant, kind_of
from comity.formats.stix21.meta import url
from comity.formats.stix21.observables import OBSERVABLES
from comity.formats.stix21.relationships import COMMON, SUGGESTED
from comity.formats.stix21.selectors import unresolved
from comity.formats.stix21.structures import none_of

Object = dict[str, Any]


class Constraint(NamedTuple):
    """A test of an object: the property without which there is nothing to test, and all that it looks at."""

    when: str
    test: Callable[[Object], Problems]
    reads: frozenset[str] = frozenset()


def _reading(names: str, test: Callable[[Object], Problems]) -> Constraint:
    """A constraint of some properties, given as words: the first must be there."""
    return Constraint(names.split(maxsplit=1)[0], test, frozenset(names.split()))


def _in_order(earlier: str, later: str, section: str, *, strictly: bool = False) -> Constraint:
    word = "later than" if strictly else "no earlier than"

    def test(value: Object) -> Problems:
        if earlier not in value:
            return FINE
        first, last = value[earlier], value[later]
        if len(first) != len(last):
            first, last = instant(first), instant(last)
        if first < last or (first == last and not strictly):
            return FINE
        text = f"is {shown(value[later])}, and must be {word} {earlier}, {shown(value[earlier])}"
        return (Problem(Rule.ORDER, text, section, f"/{later}"),)

    return _reading(f"{later} {earlier}", test)


def _some_of(names: str, section: str) -> Constraint:
    choice = frozenset(names.split())
    problem = (none_of(choice, section),)
    return Constraint("type", lambda value: problem if choice.isdisjoint(value) else FINE)


def _not_both(first: str, second: str, section: str) -> Constraint:
    problem = (Problem(Rule.EXCLUSIVE, f"must not stand beside {first}", section, f"/{second}"),)
    return Constraint(second, lambda value: problem if first in value else FINE)


def _needs(name: str, others: str, section: str) -> Constraint:
    needed = frozenset(others.split())

    def test(value: Object) -> Problems:
        if needed <= value.keys():
            return FINE
        lacking = ", ".join(sorted(needed - value.keys()))
        return (Problem(Rule.TOGETHER, f"needs {lacking} beside it", section, f"/{name}"),)

    return Constraint(name, test)


def _unless_defanged(good: Callable[[str], object], expected: str, section: str) -> Constraint:
    """The form of an address: one that was made harmless on purpose has another."""

    def test(value: Object) -> Problems:
        if good(value["value"]) or value.get("defanged") is True:
            return FINE
        text = f"is {shown(value['value'])}, and must be {expected}"
        return (Problem(Rule.ADDRESS, text, section, "/value"),)

    return _reading("value", test)


_IPV4 = re.compile(
    r"(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!/|\Z)|(?=/|\Z))){4}(?:/(?:3[0-2]|[12]?\d))?", re.ASCII
)
_PREFIX_6 = re.compile(r"(?:12[0-8]|1[01]\d|[1-9]?\d)", re.ASCII)
_MAC = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}")
# Names as RFC 5890 has them in either form; an underscore stands in many names that are no host.
_LABEL = r"[^\s./\\:@#?!\"'()\[\]{}<>,;|*]{1,63}"
_DOMAIN = re.compile(rf"(?=.{{1,254}}\Z)(?:\*\.)?{_LABEL}(?:\.{_LABEL})*\.?")
_EMAIL = re.compile(r"(?:\"(?:[^\"\\]|\\.)*\"|[^\s@\"<>]+)@[^\s@<>]+")


def _ipv6(text: str) -> bool:
    address, slash, prefix = text.partition("/")
    try:
        IPv6Address(address)
    except ValueError:
        return False
    return not slash or _PREFIX_6.fullmatch(prefix) is not None


def _url_value(value: Object) -> Problems:
    if value.get("defanged") is True:
        return FINE
    return tuple(Problem(Rule.URL, each.text, "6.15", "/value") for each in url(value["value"]))


def _content_url(value: Object) -> Problems:
    if value.get("defanged") is True:
        return FINE
    return tuple(Problem(Rule.URL, each.text, "6.1", "/url") for each in url(value["url"]))


def _observable_id(kind: str) -> Constraint:
    contributing = OBSERVABLES[kind].contributing

    def test(value: Object) -> Problems:
        found = value["id"]
        if found[VERSION] == "4":
            return FINE
        if not any(name in value for name in contributing):
            text = "must have a UUID of version 4: nothing in the object makes an id"
            return (Problem(Rule.ID_VERSION_NEEDED, text, "2.9", "/id"),)
        expected = deterministic_id(kind, value, contributing) if found[VERSION] == "5" else None
        if expected is None or expected == found.lower():
            return FINE
        return (
            Problem(Rule.ID_DETERMINISTIC, f"does not follow from the content: {expected}", "2.9", "/id"),
        )

    return _reading(" ".join(("id", *contributing)), test)


def _plain_id(value: Object) -> Problems:
    if value["id"][VERSION] == "4":
        return FINE
    return (Problem(Rule.ID_VERSION, "should have a UUID of version 4", "2.9", "/id"),)


_KNOWN = DOMAIN_OBJECTS.keys() | OBSERVABLES.keys()


def _suggested(value: Object) -> Problems:
    """A relationship between types of the standard should be one that it suggests."""
    if "source_ref" not in value or "target_ref" not in value:
        return FINE
    source, kind, target = (
        kind_of(value["source_ref"]),
        value["relationship_type"],
        kind_of(value["target_ref"]),
    )
    if (source, kind, target) in SUGGESTED or kind in COMMON or source not in _KNOWN or target not in _KNOWN:
        return FINE
    text = f"{source} {kind} {target} is not among the relationships that the standard suggests"
    return (Problem(Rule.RELATIONSHIP, text, "3.7", "/relationship_type"),)


def _an_observable(value: Object) -> Problems:
    if any(kind_of(ref) not in RELATIONS for ref in value["object_refs"]):
        return FINE
    return (Problem(Rule.REFERENCE_TYPE, "must name at least one observable", "4.14", "/object_refs"),)


def _objects_are_old(_: Object) -> Problems:
    return (Problem(Rule.DEPRECATED, "is deprecated; use object_refs", "4.14", "/objects"),)


def _family_has_name(value: Object) -> Problems:
    if value["is_family"] is False or "name" in value:
        return FINE
    return (Problem(Rule.REQUIRED, "is missing, and a family of malware must have one", "4.11", "/name"),)


def _body_fits(value: Object) -> Problems:
    wrong = "body" if value["is_multipart"] else "body_multipart"
    if wrong not in value:
        return FINE
    text = f"must not be there when is_multipart is {shown(value['is_multipart'])}"
    return (Problem(Rule.EXCLUSIVE, text, "6.6", f"/{wrong}"),)


def _ended_is_not_active(value: Object) -> Problems:
    if "end" not in value or value["is_active"] is False:
        return FINE
    return (Problem(Rule.EXCLUSIVE, "must not be true when end is there", "6.12", "/is_active"),)


def _top_level(value: Object) -> Problems:
    kinds = value.get("extension_types", ())
    if "toplevel-property-extension" in kinds:
        return FINE
    text = "is only for an extension of the type toplevel-property-extension"
    return (Problem(Rule.EXCLUSIVE, text, "7.3", "/extension_properties"),)


def _own_marking(value: Object) -> Problems:
    """A marking definition must not mark itself."""
    own = value["id"]
    if own in value.get("object_marking_refs", ()):
        return (Problem(Rule.MARKING_CYCLE, "names the definition itself", "7.2.1", "/object_marking_refs"),)
    if any(part.get("marking_ref") == own for part in value.get("granular_markings", ())):
        return (Problem(Rule.MARKING_CYCLE, "names the definition itself", "7.2.1", "/granular_markings"),)
    return FINE


def _definition(value: Object) -> Problems:
    if "extensions" in value or {"definition", "definition_type"} <= value.keys():
        return FINE
    return (none_of(("extensions", "definition with definition_type"), "7.2.1"),)


def _statement(value: Object) -> Problems:
    if value["definition_type"] != "statement" or "definition" not in value:
        return FINE
    if type(value["definition"].get("statement")) is str:
        return FINE
    return (Problem(Rule.REQUIRED, "must hold a statement, a string", "7.2.1.3", "/definition/statement"),)


_TLP_1_CREATED = "2017-01-20T00:00:00.000Z"
_FIRST_TLP = {
    found: "white" if tlp.value == "clear" else tlp.value
    for found, tlp in TLP_OF_ID.items()
    if found not in TLP_IDS.values()
}
_SECOND_TLP = {found: tlp.value for tlp, found in TLP_IDS.items()}


def _tlp_1(value: Object) -> Problems:
    """The four labels of TLP 1 are fixed to the letter."""
    label = _FIRST_TLP.get(value["id"])
    if label is None and value.get("definition_type") != "tlp":
        return FINE
    if (
        label is not None
        and value.get("definition_type") == "tlp"
        and value.get("definition") == {"tlp": label}
        and value.get("created") == _TLP_1_CREATED
    ):
        return FINE
    return (
        Problem(Rule.TLP, "is not one of the four definitions of TLP that the standard gives", "7.2.1.4"),
    )


def _tlp_2(value: Object) -> Problems:
    """The five labels of TLP 2.0 have the ids that OASIS gave them."""
    label = _SECOND_TLP.get(value["id"])
    extension = value.get("extensions", {}).get(TLP_EXTENSION)
    if (extension["tlp_2_0"] if extension else None) == label:
        return FINE
    return (Problem(Rule.TLP, "is not one of the five definitions of TLP 2.0 that OASIS gives", "7.2.1"),)


ALWAYS = (_reading("granular_markings", unresolved),)
VERSIONED = (_in_order("created", "modified", "3.2"), _reading("id", _plain_id), *ALWAYS)
_SEEN = {
    kind: (_in_order("first_seen", "last_seen", section),)
    for kind, section in {
        "campaign": "4.2",
        "infrastructure": "4.8",
        "intrusion-set": "4.9",
        "malware": "4.11",
        "threat-actor": "4.17",
        "sighting": "5.2",
    }.items()
}


def _any_property(kind: str) -> Constraint:
    return _some_of(" ".join(OBSERVABLES[kind].properties), OBSERVABLES[kind].section)


_OF_TYPE: Mapping[str, tuple[Constraint, ...]] = {
    "indicator": (_in_order("valid_from", "valid_until", "4.7", strictly=True),),
    "location": (
        _some_of("region country latitude longitude", "4.10"),
        _needs("latitude", "longitude", "4.10"),
        _needs("longitude", "latitude", "4.10"),
        _needs("precision", "latitude longitude", "4.10"),
    ),
    "malware": (_reading("is_family", _family_has_name),),
    "malware-analysis": (_some_of("result analysis_sco_refs", "4.12"),),
    "observed-data": (
        _in_order("first_observed", "last_observed", "4.14"),
        _some_of("objects object_refs", "4.14"),
        _not_both("object_refs", "objects", "4.14"),
        _reading("object_refs", _an_observable),
        _reading("objects", _objects_are_old),
    ),
    "relationship": (
        _in_order("start_time", "stop_time", "5.1", strictly=True),
        _reading("relationship_type source_ref target_ref", _suggested),
    ),
    "extension-definition": (_reading("extension_properties extension_types", _top_level),),
    "marking-definition": (
        Constraint("type", _definition),
        _reading("id object_marking_refs granular_markings", _own_marking),
        _reading("definition_type definition", _statement),
        _reading("id definition definition_type created", _tlp_1),
        _reading("id extensions", _tlp_2),
        _reading("id", _plain_id),
        *ALWAYS,
    ),
    "artifact": (
        _some_of("payload_bin url", "6.1"),
        _not_both("payload_bin", "url", "6.1"),
        _needs("url", "hashes", "6.1"),
        _needs("decryption_key", "encryption_algorithm", "6.1"),
        _reading("url", _content_url),
    ),
    "domain-name": (_unless_defanged(_DOMAIN.fullmatch, "a domain name of RFC 1034 and 5890", "6.4"),),
    "email-addr": (_unless_defanged(_EMAIL.fullmatch, "an address of RFC 5322", "6.5"),),
    "email-message": (_reading("is_multipart", _body_fits),),
    "file": (_some_of("hashes name", "6.7"),),
    "ipv4-addr": (_unless_defanged(_IPV4.fullmatch, "an address or a network like 10.2.4.0/24", "6.8"),),
    "ipv6-addr": (_unless_defanged(_ipv6, "an address or a network like 2001:db8::/32", "6.9"),),
    "mac-addr": (_unless_defanged(_MAC.fullmatch, "an address like 00:00:ab:cd:ef:01", "6.10"),),
    "network-traffic": (
        _some_of("src_ref dst_ref", "6.12"),
        _in_order("start", "end", "6.12"),
        _reading("is_active", _ended_is_not_active),
    ),
    "url": (_reading("value", _url_value),),
    **{
        kind: (_any_property(kind),)
        for kind in ("process", "user-account", "windows-registry-key", "x509-certificate")
    },
}


def constraints_of(kind: str) -> tuple[Constraint, ...]:
    """All constraints of a type, but for those that every object of its sort has."""
    own = _SEEN.get(kind, ()) + _OF_TYPE.get(kind, ())
    return (*own, _observable_id(kind), *ALWAYS) if kind in OBSERVABLES else own
