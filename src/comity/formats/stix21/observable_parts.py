"""What observables are made of: the extensions that the standard defines, and objects inside objects."""

from __future__ import annotations

import re

from comity.formats.stix21.finding import FINE, Problem, Problems, Rule
from comity.formats.stix21.kinds import (
    Check,
    boolean,
    hexadecimal,
    integer,
    number,
    reference,
    text,
    timestamp,
    timestamp_seconds,
)
from comity.formats.stix21.meta import extensions
from comity.formats.stix21.object_type import closed_vocabulary, open_vocabulary
from comity.formats.stix21.structures import dictionary, either, hashes, listed, loose, strings, structure

UNSIGNED = integer(0)
ANY_INTEGER = integer()
TEXTS = listed(text)
HASHES = hashes()


def reference_to(kinds: str, section: str = "6") -> Check:
    """The id of an observable of one of these types, given as words."""
    return reference(only=kinds.split(), section=section)


def references_to(kinds: str, section: str = "6") -> Check:
    """A list of ids of observables of these types."""
    return listed(reference_to(kinds, section))


def _some(section: str, /, **properties: Check) -> Check:
    """An extension that must hold at least one of its properties."""
    return structure(section, properties, one_of=properties)


def each(names: str, check: Check) -> dict[str, Check]:
    """The same check for several properties, given as words."""
    return dict.fromkeys(names.split(), check)


def _socket_option(name: object) -> Problems:
    known = re.fullmatch(r"(?:SO|ICMP|ICMP6|IP|IPV6|MCAST|TCP|IRLMP)(?:_[A-Z0-9]+)+", str(name))
    return FINE if known else (Problem(Rule.VOCABULARY, "is not the name of a socket option", "6.12.4"),)


_archive = structure(
    "6.7.2",
    {"contains_refs": references_to("file directory", "6.7.2"), "comment": text},
    required=("contains_refs",),
)
_ntfs = _some(
    "6.7.3",
    sid=text,
    alternate_data_streams=listed(
        structure("6.7.3", {"name": text, "hashes": HASHES, "size": UNSIGNED}, required=("name",))
    ),
)
_pdf = _some(
    "6.7.4", **strings("version pdfid0 pdfid1"), is_optimized=boolean, document_info_dict=dictionary(text)
)
_raster_image = _some(
    "6.7.5",
    **each("image_height image_width bits_per_pixel", ANY_INTEGER),
    exif_tags=dictionary(either(text, ANY_INTEGER)),
)
_pe_header = _some(
    "6.7.6",
    **each(
        "magic_hex win32_version_value_hex checksum_hex subsystem_hex dll_characteristics_hex"
        " loader_flags_hex",
        hexadecimal,
    ),
    **each(
        "size_of_code size_of_initialized_data size_of_uninitialized_data size_of_image size_of_headers"
        " size_of_stack_reserve size_of_stack_commit size_of_heap_reserve size_of_heap_commit",
        UNSIGNED,
    ),
    **each(
        "major_linker_version minor_linker_version address_of_entry_point base_of_code base_of_data"
        " image_base section_alignment file_alignment major_os_version minor_os_version major_image_version"
        " minor_image_version major_subsystem_version minor_subsystem_version number_of_rva_and_sizes",
        ANY_INTEGER,
    ),
    hashes=HASHES,
)
_pe_more: dict[str, Check] = {
    "imphash": text,
    **each("machine_hex pointer_to_symbol_table_hex characteristics_hex", hexadecimal),
    **each("number_of_sections number_of_symbols size_of_optional_header", UNSIGNED),
    "time_date_stamp": timestamp_seconds,
    "file_header_hashes": HASHES,
    "optional_header": _pe_header,
    "sections": listed(
        structure(
            "6.7.6",
            {"name": text, "size": UNSIGNED, "entropy": number(), "hashes": HASHES},
            required=("name",),
        )
    ),
}
_pe_binary = structure(
    "6.7.6",
    {"pe_type": open_vocabulary("windows-pebinary-type-ov"), **_pe_more},
    required=("pe_type",),
    one_of=_pe_more,
)
_http_request = structure(
    "6.12.2",
    {
        **strings("request_method request_value request_version"),
        "request_header": dictionary(TEXTS),
        "message_body_length": ANY_INTEGER,
        "message_body_data_ref": reference_to("artifact", "6.12.2"),
    },
    required=("request_method", "request_value"),
)
_icmp = structure(
    "6.12.3",
    {"icmp_type_hex": hexadecimal, "icmp_code_hex": hexadecimal},
    required=("icmp_type_hex", "icmp_code_hex"),
)
_socket = structure(
    "6.12.4",
    {
        "address_family": closed_vocabulary("network-socket-address-family-enum"),
        "is_blocking": boolean,
        "is_listening": boolean,
        "options": dictionary(ANY_INTEGER, key=_socket_option),
        "socket_type": closed_vocabulary("network-socket-type-enum"),
        "socket_descriptor": UNSIGNED,
        "socket_handle": ANY_INTEGER,
    },
    required=("address_family",),
)
_tcp = _some("6.12.5", src_flags_hex=hexadecimal, dst_flags_hex=hexadecimal)
_windows_process = _some(
    "6.13.2",
    aslr_enabled=boolean,
    dep_enabled=boolean,
    **strings("priority owner_sid window_title"),
    startup_info=dictionary(loose),
    integrity_level=closed_vocabulary("windows-integrity-level-enum"),
)
_windows_service = _some(
    "6.13.3",
    **strings("service_name display_name group_name"),
    descriptions=TEXTS,
    start_type=closed_vocabulary("windows-service-start-type-enum"),
    service_dll_refs=references_to("file", "6.13.3"),
    service_type=closed_vocabulary("windows-service-type-enum"),
    service_status=closed_vocabulary("windows-service-status-enum"),
)
_unix_account = _some("6.16.2", gid=ANY_INTEGER, groups=TEXTS, home_dir=text, shell=text)
REGISTRY_VALUE = _some(
    "6.17.2", name=text, data=text, data_type=closed_vocabulary("windows-registry-datatype-enum")
)
X509_EXTENSIONS = _some(
    "6.18.2",
    **strings(
        "basic_constraints name_constraints policy_constraints key_usage extended_key_usage"
        " subject_key_identifier authority_key_identifier subject_alternative_name issuer_alternative_name"
        " subject_directory_attributes crl_distribution_points inhibit_any_policy certificate_policies"
        " policy_mappings"
    ),
    private_key_usage_period_not_before=timestamp,
    private_key_usage_period_not_after=timestamp,
)
MIME_PART = structure(
    "6.6.2",
    {
        **strings("body content_type content_disposition"),
        "body_raw_ref": reference_to("artifact file", "6.6.2"),
    },
    one_of=("body", "body_raw_ref"),
)

FILE_EXTENSIONS = extensions(
    archive_ext=_archive,
    ntfs_ext=_ntfs,
    pdf_ext=_pdf,
    raster_image_ext=_raster_image,
    windows_pebinary_ext=_pe_binary,
)
NETWORK_EXTENSIONS = extensions(
    http_request_ext=_http_request, icmp_ext=_icmp, socket_ext=_socket, tcp_ext=_tcp
)
PROCESS_EXTENSIONS = extensions(windows_process_ext=_windows_process, windows_service_ext=_windows_service)
ACCOUNT_EXTENSIONS = extensions(unix_account_ext=_unix_account)
