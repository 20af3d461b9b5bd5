"""The domain objects of section 4 and the relations of section 5: their properties as data."""

from __future__ import annotations

import re

from comity.formats.stix import DOMAIN_TYPES, RELATIONS
from comity.formats.stix21 import meta
from comity.formats.stix21.finding import Rule
from comity.formats.stix21.kinds import (
    boolean,
    formed,
    integer,
    number,
    reference,
    text,
    timestamp,
)
from comity.formats.stix21.object_type import (
    ABOUT_OBJECTS,
    ObjectType,
    closed_vocabulary,
    object_type,
    open_vocabulary,
)
from comity.formats.stix21.observables import OBSERVABLES
from comity.formats.stix21.structures import contained, dictionary, listed, strings

_texts = listed(text)
_phases = listed(meta.kill_chain_phase)
_any_object = listed(reference(never=("bundle",), expected="an object, not a bundle", section="3.3"))
_software = reference(only=("software",), section="4")
_sighted = reference(
    never=ABOUT_OBJECTS | RELATIONS | OBSERVABLES.keys(), expected="a domain object", section="5.2"
)
_analysed = reference(
    never=ABOUT_OBJECTS | RELATIONS | DOMAIN_TYPES, expected="an observable", section="4.12"
)
_observed = reference(
    never=ABOUT_OBJECTS | DOMAIN_TYPES, expected="an observable or a relationship", section="4.14"
)
_country = formed(re.compile("[A-Z]{2}"), Rule.VOCABULARY, "a code of two letters of ISO 3166-1", "4.10")
_seen = {"first_seen": timestamp, "last_seen": timestamp}
_named = strings("name description")

DOMAIN_OBJECTS: dict[str, ObjectType] = {
    "attack-pattern": object_type("4.1", "name", **_named, aliases=_texts, kill_chain_phases=_phases),
    "campaign": object_type("4.2", "name", **_named, aliases=_texts, **_seen, objective=text),
    "course-of-action": object_type("4.3", "name", **_named),
    "grouping": object_type(
        "4.4",
        "context object_refs",
        **_named,
        context=open_vocabulary("grouping-context-ov"),
        object_refs=_any_object,
    ),
    "identity": object_type(
        "4.5",
        "name",
        **_named,
        roles=_texts,
        identity_class=open_vocabulary("identity-class-ov"),
        sectors=listed(open_vocabulary("industry-sector-ov")),
        contact_information=text,
    ),
    "incident": object_type("4.6", "name", **_named),
    "indicator": object_type(
        "4.7",
        "pattern pattern_type valid_from",
        **_named,
        indicator_types=listed(open_vocabulary("indicator-type-ov")),
        pattern=text,
        pattern_type=open_vocabulary("pattern-type-ov"),
        pattern_version=text,
        valid_from=timestamp,
        valid_until=timestamp,
        kill_chain_phases=_phases,
    ),
    "infrastructure": object_type(
        "4.8",
        "name",
        **_named,
        infrastructure_types=listed(open_vocabulary("infrastructure-type-ov")),
        aliases=_texts,
        kill_chain_phases=_phases,
        **_seen,
    ),
    "intrusion-set": object_type(
        "4.9",
        "name",
        **_named,
        aliases=_texts,
        **_seen,
        goals=_texts,
        resource_level=open_vocabulary("attack-resource-level-ov"),
        primary_motivation=open_vocabulary("attack-motivation-ov"),
        secondary_motivations=listed(open_vocabulary("attack-motivation-ov")),
    ),
    "location": object_type(
        "4.10",
        "",
        **_named,
        latitude=number(-90, 90),
        longitude=number(-180, 180),
        precision=number(0),
        region=open_vocabulary("region-ov"),
        country=_country,
        **strings("administrative_area city street_address postal_code"),
    ),
    "malware": object_type(
        "4.11",
        "is_family",
        **_named,
        malware_types=listed(open_vocabulary("malware-type-ov")),
        is_family=boolean,
        aliases=_texts,
        kill_chain_phases=_phases,
        **_seen,
        operating_system_refs=listed(_software),
        architecture_execution_envs=listed(open_vocabulary("processor-architecture-ov")),
        implementation_languages=listed(open_vocabulary("implementation-language-ov")),
        capabilities=listed(open_vocabulary("malware-capabilities-ov")),
        sample_refs=listed(reference(only=("artifact", "file"), section="4.11")),
    ),
    "malware-analysis": object_type(
        "4.12",
        "product",
        **strings(
            "product version configuration_version analysis_engine_version analysis_definition_version"
            " result_name"
        ),
        host_vm_ref=_software,
        operating_system_ref=_software,
        installed_software_refs=listed(_software),
        modules=_texts,
        submitted=timestamp,
        analysis_started=timestamp,
        analysis_ended=timestamp,
        result=open_vocabulary("malware-result-ov"),
        analysis_sco_refs=listed(_analysed),
        sample_ref=reference(only=("artifact", "file", "network-traffic"), section="4.12"),
    ),
    "note": object_type(
        "4.13", "content object_refs", abstract=text, content=text, authors=_texts, object_refs=_any_object
    ),
    "observed-data": object_type(
        "4.14",
        "first_observed last_observed number_observed",
        first_observed=timestamp,
        last_observed=timestamp,
        number_observed=integer(1, 999_999_999),
        objects=dictionary(contained),
        object_refs=listed(_observed),
    ),
    "opinion": object_type(
        "4.15",
        "opinion object_refs",
        explanation=text,
        authors=_texts,
        opinion=closed_vocabulary("opinion-enum"),
        object_refs=_any_object,
    ),
    "report": object_type(
        "4.16",
        "name published object_refs",
        **_named,
        report_types=listed(open_vocabulary("report-type-ov")),
        published=timestamp,
        object_refs=_any_object,
    ),
    "threat-actor": object_type(
        "4.17",
        "name",
        **_named,
        threat_actor_types=listed(open_vocabulary("threat-actor-type-ov")),
        aliases=_texts,
        **_seen,
        roles=listed(open_vocabulary("threat-actor-role-ov")),
        goals=_texts,
        sophistication=open_vocabulary("threat-actor-sophistication-ov"),
        resource_level=open_vocabulary("attack-resource-level-ov"),
        primary_motivation=open_vocabulary("attack-motivation-ov"),
        secondary_motivations=listed(open_vocabulary("attack-motivation-ov")),
        personal_motivations=listed(open_vocabulary("attack-motivation-ov")),
    ),
    "tool": object_type(
        "4.18",
        "name",
        **_named,
        tool_types=listed(open_vocabulary("tool-type-ov")),
        aliases=_texts,
        kill_chain_phases=_phases,
        tool_version=text,
    ),
    "vulnerability": object_type("4.19", "name", **_named),
}

_related = reference(
    never=ABOUT_OBJECTS | RELATIONS, expected="a domain object or an observable", section="5.1"
)
RELATION_OBJECTS: dict[str, ObjectType] = {
    "relationship": object_type(
        "5.1",
        "relationship_type source_ref target_ref",
        relationship_type=formed(re.compile("[a-z0-9-]+"), Rule.TYPE, "letters a-z, digits and -", "5.1"),
        description=text,
        source_ref=_related,
        target_ref=_related,
        start_time=timestamp,
        stop_time=timestamp,
    ),
    "sighting": object_type(
        "5.2",
        "sighting_of_ref",
        description=text,
        **_seen,
        count=integer(0, 999_999_999),
        sighting_of_ref=_sighted,
        observed_data_refs=listed(reference(only=("observed-data",), section="5.2")),
        where_sighted_refs=listed(reference(only=("identity", "location"), section="5.2")),
        summary=boolean,
    ),
}
