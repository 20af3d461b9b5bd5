"""The cyber-observable objects of section 6: their properties as data, from the tables of the standard."""

from __future__ import annotations

import re
from collections.abc import Mapping

from comity.formats.stix import DOMAIN_TYPES, RELATIONS
from comity.formats.stix21.finding import Rule
from comity.formats.stix21.kinds import (
    binary,
    boolean,
    formed,
    hexadecimal,
    integer,
    language,
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
from comity.formats.stix21.observable_parts import (
    ACCOUNT_EXTENSIONS,
    ANY_INTEGER,
    FILE_EXTENSIONS,
    HASHES,
    MIME_PART,
    NETWORK_EXTENSIONS,
    PROCESS_EXTENSIONS,
    REGISTRY_VALUE,
    TEXTS,
    UNSIGNED,
    X509_EXTENSIONS,
    each,
    reference_to,
    references_to,
)
from comity.formats.stix21.structures import dictionary, either, listed, strings

_PORT = integer(0, 65_535)
_times = {"ctime": timestamp, "mtime": timestamp, "atime": timestamp}
_mime_type = formed(
    re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+(?:\s*;.*)?", re.DOTALL),
    Rule.MIME_TYPE,
    "a media type like text/plain",
    "6",
)
_character_set = formed(
    re.compile(r"[a-zA-Z0-9/.+_:()-]{2,250}"),
    Rule.CHARACTER_SET,
    "a name of IANA's list of character sets",
    "6",
)
_cpe = formed(
    re.compile(r"cpe:2\.3:[aho*-](?::(?:\\.|[^\\:\s])+){10}"),
    Rule.CPE,
    "an entry of CPE 2.3 in eleven parts",
    "6.14",
)
_hive = formed(
    re.compile(r"(?!(?:HKLM|HKCC|HKCR|HKCU|HKU)(?:\\|\Z)).*", re.IGNORECASE | re.DOTALL),
    Rule.HIVE,
    "a key with the name of its hive in full",
    "6.17",
)


_anything_observed = listed(
    reference(never=ABOUT_OBJECTS | RELATIONS | DOMAIN_TYPES, expected="an observable", section="6.7")
)
_ENDPOINT = "ipv4-addr ipv6-addr mac-addr domain-name"

OBSERVABLES: Mapping[str, ObjectType] = {
    "artifact": object_type(
        "6.1",
        "",
        "hashes payload_bin",
        mime_type=_mime_type,
        payload_bin=binary,
        url=text,
        hashes=HASHES,
        encryption_algorithm=closed_vocabulary("encryption-algorithm-enum"),
        decryption_key=text,
    ),
    "autonomous-system": object_type("6.2", "number", "number", number=ANY_INTEGER, name=text, rir=text),
    "directory": object_type(
        "6.3",
        "path",
        "path",
        path=text,
        path_enc=_character_set,
        **_times,
        contains_refs=references_to("file directory", "6.3"),
    ),
    "domain-name": object_type(
        "6.4",
        "value",
        "value",
        value=text,
        resolves_to_refs=references_to("ipv4-addr ipv6-addr domain-name", "6.4"),
    ),
    "email-addr": object_type(
        "6.5",
        "value",
        "value",
        value=text,
        display_name=text,
        belongs_to_ref=reference_to("user-account", "6.5"),
    ),
    "email-message": object_type(
        "6.6",
        "is_multipart",
        "from_ref subject body",
        is_multipart=boolean,
        date=timestamp,
        **strings("content_type message_id subject body"),
        **each("from_ref sender_ref", reference_to("email-addr", "6.6")),
        **each("to_refs cc_refs bcc_refs", references_to("email-addr", "6.6")),
        received_lines=TEXTS,
        additional_header_fields=dictionary(TEXTS),
        body_multipart=listed(MIME_PART),
        raw_email_ref=reference_to("artifact", "6.6"),
    ),
    "file": object_type(
        "6.7",
        "",
        "hashes name parent_directory_ref extensions",
        hashes=HASHES,
        size=UNSIGNED,
        name=text,
        name_enc=_character_set,
        magic_number_hex=hexadecimal,
        mime_type=_mime_type,
        **_times,
        parent_directory_ref=reference_to("directory", "6.7"),
        contains_refs=_anything_observed,
        content_ref=reference_to("artifact", "6.7"),
        extensions=FILE_EXTENSIONS,
    ),
    **{
        kind: object_type(
            section,
            "value",
            "value",
            value=text,
            resolves_to_refs=references_to("mac-addr", section),
            belongs_to_refs=references_to("autonomous-system", section),
        )
        for kind, section in (("ipv4-addr", "6.8"), ("ipv6-addr", "6.9"))
    },
    "mac-addr": object_type("6.10", "value", "value", value=text),
    "mutex": object_type("6.11", "name", "name", name=text),
    "network-traffic": object_type(
        "6.12",
        "protocols",
        "start end src_ref dst_ref src_port dst_port protocols extensions",
        start=timestamp,
        end=timestamp,
        is_active=boolean,
        **each("src_ref dst_ref", reference_to(_ENDPOINT, "6.12")),
        **each("src_port dst_port", _PORT),
        protocols=TEXTS,
        **each("src_byte_count dst_byte_count src_packets dst_packets", UNSIGNED),
        ipfix=dictionary(either(text, ANY_INTEGER)),
        **each("src_payload_ref dst_payload_ref", reference_to("artifact", "6.12")),
        encapsulates_refs=references_to("network-traffic", "6.12"),
        encapsulated_by_ref=reference_to("network-traffic", "6.12"),
        extensions=NETWORK_EXTENSIONS,
    ),
    "process": object_type(
        "6.13",
        is_hidden=boolean,
        pid=ANY_INTEGER,
        created_time=timestamp,
        cwd=text,
        command_line=text,
        environment_variables=dictionary(text),
        opened_connection_refs=references_to("network-traffic", "6.13"),
        creator_user_ref=reference_to("user-account", "6.13"),
        image_ref=reference_to("file", "6.13"),
        parent_ref=reference_to("process", "6.13"),
        child_refs=references_to("process", "6.13"),
        extensions=PROCESS_EXTENSIONS,
    ),
    "software": object_type(
        "6.14",
        "name",
        "name cpe swid vendor version",
        **strings("name swid vendor version"),
        cpe=_cpe,
        languages=listed(language),
    ),
    "url": object_type("6.15", "value", "value", value=text),
    "user-account": object_type(
        "6.16",
        "",
        "account_type user_id account_login",
        **strings("user_id credential account_login display_name"),
        account_type=open_vocabulary("account-type-ov"),
        **each("is_service_account is_privileged can_escalate_privs is_disabled", boolean),
        **each(
            "account_created account_expires credential_last_changed account_first_login account_last_login",
            timestamp,
        ),
        extensions=ACCOUNT_EXTENSIONS,
    ),
    "windows-registry-key": object_type(
        "6.17",
        "",
        "key values",
        key=_hive,
        values=listed(REGISTRY_VALUE),
        modified_time=timestamp,
        creator_user_ref=reference_to("user-account", "6.17"),
        number_of_subkeys=ANY_INTEGER,
    ),
    "x509-certificate": object_type(
        "6.18",
        "",
        "hashes serial_number",
        is_self_signed=boolean,
        hashes=HASHES,
        **strings(
            "version serial_number signature_algorithm issuer subject subject_public_key_algorithm"
            " subject_public_key_modulus"
        ),
        validity_not_before=timestamp,
        validity_not_after=timestamp,
        subject_public_key_exponent=ANY_INTEGER,
        x509_v3_extensions=X509_EXTENSIONS,
    ),
}
