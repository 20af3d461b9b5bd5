"""MISP objects to STIX: by a common template, by misp-stix, or as they are in `x-misp-object`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from comity.base.errors import Malformed
from comity.formats.misp.attributes import Made, relationship, said_of, seen
from comity.formats.misp.kinds import VICTIM_CLASS
from comity.formats.misp.marks import confidence_of, words_of
from comity.formats.misp.parts import Attribute, Json, MispObject, Unmapped
from comity.formats.misp.reading import text_of, time_of, uuid_of
from comity.formats.misp.templates import TEMPLATES, Template, for_detection, values_of
from comity.formats.misp.values import Object

# The templates that misp-stix maps and we do not.
RARE = frozenset(
    {"android-app", "annotation", "artifact", "asn", "attack-pattern", "course-of-action", "cpe-asset"}
    | {"credential", "directory", "domain-ip", "email", "employee", "facebook-account", "file", "geolocation"}
    | {"github-user", "gitlab-user", "hashlookup", "http-request", "identity", "image", "intrusion-set"}
    | {"ip-port", "legal-entity", "lnk", "malware", "malware-analysis", "mutex", "netflow"}
    | {"network-connection", "network-socket", "news-agency", "nova-rule", "organization", "owasp-crs-rule"}
    | {"parler-account", "pe", "pe-section", "person", "process", "reddit-account", "registry-key"}
    | {"registry-key-value", "script", "sigma", "stix2-pattern", "suricata", "telegram-account"}
    | {"twitter-account", "url", "user-account", "vulnerability", "wazuh-rule", "x509", "yara"}
)
_NOT_A_TYPE = re.compile(r"[^a-z0-9-]+")


def template_for(whole: MispObject) -> Template | None:
    """The template that knows every relation of the object."""
    found = TEMPLATES.get(whole.name)
    plain = all(not each.content and not each.deleted for each in whole.attributes)
    refers = any(each.get("relationship_type") in {"includes", "included-in"} for each in whole.references)
    if found is None or not plain or not found.relations >= {each.relation for each in whole.attributes}:
        return None
    return None if refers and _refers_to_pe(whole) else found


def from_object(whole: MispObject, author: str | None) -> Made:
    """The objects of one MISP object of a common template, or itself as it is."""
    template = template_for(whole)
    if template is None:
        return kept(whole, author, "no STIX type")
    try:
        return Made(_mapped(whole, template, author))
    except Malformed as error:
        return kept(whole, author, error.problem[:-1])


def adopted(whole: MispObject, found: list[Object], author: str | None) -> Made:
    """What the library made of the object, with what it does not say."""
    head = _head(whole, author)
    spoken = next((each for each in found if each["id"].endswith(whole.uuid) and "labels" in each), found[0])
    for each in found:
        if "labels" in each:
            each["labels"] += [label for label in head["labels"] if label not in each["labels"]]
            each |= {name: head[name] for name in ("confidence", "revoked") if name in head}
    spoken |= as_it_was(whole)
    first = [spoken, *(each for each in found if each is not spoken)]
    return Made([*first, *victims(whole, author)], left_out(whole))


def kept(whole: MispObject, author: str | None, reason: str) -> Made:
    """The object as it is, in a type of MISP's own."""
    found = {
        "type": "x-misp-object",
        "id": f"x-misp-object--{whole.uuid}",
        **_head(whole, author),
        "x_misp_name": whole.name,
        "x_misp_meta_category": whole.meta_category,
        **as_it_was(whole),
    }
    said = Unmapped(whole.uuid, whole.name, f"{reason}: is kept as it is, as x-misp-object.", kept=True)
    return Made([found, *victims(whole, author)], (said, *left_out(whole)))


def as_it_was(whole: MispObject) -> Object:
    """What the object and its attributes said, for the way back."""
    found = {
        "x_misp_comment": whole.comment,
        "x_misp_description": whole.description,
        "x_misp_template_uuid": whole.template_uuid,
        "x_misp_template_version": whole.template_version,
        "x_misp_attributes": [_inner(each) for each in whole.attributes],
    }
    return {name: value for name, value in (found | said_of(whole)).items() if value}


def left_out(whole: MispObject) -> tuple[Unmapped, ...]:
    """The attached files of its attributes, which are not kept."""
    reason = "the attached file is left out; what is said of it is kept."
    return tuple(Unmapped(each.uuid, each.type, reason) for each in whole.attributes if each.content)


def victims(whole: MispObject, author: str | None) -> list[Object]:
    """The identities that targeting data in an object names, under the uuids of the attributes."""
    return [_victim(each, author) for each in whole.attributes if each.type in VICTIM_CLASS]


def references(
    whole: MispObject, source: str, ids: Mapping[str, str], author: str | None
) -> tuple[list[Object], list[Unmapped]]:
    """What the object refers to, as relationships; `ids` are the STIX ids by uuid."""
    found: list[Object] = []
    lost: list[Unmapped] = []
    for index, each in enumerate(whole.references):
        try:
            found.append(_reference(whole, each, source, ids, author))
        except Malformed as error:
            name = each.get("uuid") or f"{whole.uuid}/ObjectReference/{index}"
            lost.append(Unmapped(str(name)[:100], "ObjectReference", str(error)))
    return found, lost


def _mapped(whole: MispObject, template: Template, author: str | None) -> list[Object]:
    head = _head(whole, author)
    observables = template.observables(whole, values_of(whole.attributes))
    observed = {
        "type": "observed-data",
        "id": f"observed-data--{whole.uuid}",
        **head,
        **seen(whole),
        "number_observed": 1,
        "object_refs": [each["id"] for each in observables],
        **as_it_was(whole),
    }
    meant = [each for each in whole.attributes if for_detection(each)]
    if not meant:
        return [observed, *observables]
    phases = [{"kill_chain_name": "misp-category", "phase_name": whole.meta_category}]
    indicator = {
        "type": "indicator",
        "id": f"indicator--{whole.uuid}",
        **head,
        "pattern": f"[{' AND '.join(template.comparisons(values_of(meant)))}]",
        "pattern_type": "stix",
        "pattern_version": "2.1",
        "valid_from": whole.time,
        "kill_chain_phases": phases,
        **({"description": whole.comment} if whole.comment else {}),
    }
    based = relationship(indicator["id"], "based-on", observed["id"], whole.time)
    return [observed, *observables, indicator, based]


def _head(whole: MispObject, author: str | None) -> Object:
    name = whole.name.replace("|", "-")
    labels = [f'misp:name="{name}"', f'misp:meta-category="{whole.meta_category}"']
    confidence = confidence_of(whole.tags)
    return (
        {"spec_version": "2.1", "created": whole.time, "modified": whole.time}
        | {"labels": labels + words_of(whole.words)}
        | ({"created_by_ref": author} if author else {})
        | ({"confidence": confidence} if confidence is not None else {})
        | ({"revoked": True} if whole.deleted else {})
    )


def _inner(part: Attribute) -> Object:
    found: Object = {
        "uuid": part.uuid,
        "type": part.type,
        "object_relation": part.relation,
        "value": part.value,
        "category": part.category,
        "to_ids": for_detection(part),
        "comment": part.comment,
        "timestamp": part.time,
        "first_seen": part.first_seen,
        "last_seen": part.last_seen,
        "deleted": part.deleted,
        "tags": list(part.tags),
    }
    return {name: value for name, value in found.items() if value or name == "to_ids"}


def _victim(part: Attribute, author: str | None) -> Object:
    found: Object = {
        "type": "identity",
        "spec_version": "2.1",
        "id": f"identity--{part.uuid}",
        "created": part.time,
        "modified": part.time,
        "name": part.value,
        "identity_class": VICTIM_CLASS[part.type],
    }
    return found | ({"created_by_ref": author} if author else {})


def _refers_to_pe(whole: MispObject) -> bool:
    parts = (each.get("Object") for each in whole.references)
    return any(isinstance(part, dict) and part.get("name") == "pe" for part in parts)


def _reference(
    whole: MispObject, part: Json, source: str, ids: Mapping[str, str], author: str | None
) -> Object:
    where = f"{whole.name} {whole.uuid}"
    target = ids.get(uuid_of(part, where, name="referenced_uuid"))
    if target is None:
        raise Malformed(where, "refers to something that is not in this event.")
    said = text_of(part, "relationship_type", where) or "related-to"
    kind = _NOT_A_TYPE.sub("-", said.lower()).strip("-") or "related-to"
    time = time_of(part.get("timestamp"), where) or whole.time
    found = relationship(source, kind, target, time)
    if part.get("uuid"):
        found["id"] = f"relationship--{uuid_of(part, where)}"
    comment = text_of(part, "comment", where, most=4_000)
    return (
        found
        | ({"created_by_ref": author} if author else {})
        | ({"description": comment} if comment else {})
        | ({"x_misp_relationship_type": said} if said != kind else {})
        | ({"revoked": True} if part.get("deleted") is True else {})
    )
