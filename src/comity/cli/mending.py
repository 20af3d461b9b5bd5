"""Every problem in the form of an act, though its decoder stops at the first.

The member at fault is replaced by a sound one and the act read again, until it can be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from comity.base.errors import Malformed
from comity.base.tlp import Tlp
from comity.formats.acts import EXTENSION, TYPE, decode_act
from comity.formats.canonical import canonical
from comity.formats.jws import ALGORITHM, encode_base64url
from comity.formats.markings import TLP_IDS

MAX_PROBLEMS = 100

_UUID = "00000000-0000-4000-8000-{:012x}"
_MEMBER = re.compile(r"/([^/]+)(?:/(\d+))?")
_TIME = "2000-01-01T00:00:00.000Z"
_NOBODY = f"identity--{_UUID.format(1)}"
_SOUND: Mapping[str, Any] = MappingProxyType({
    "type": TYPE,
    "spec_version": "2.1",
    "id": f"{TYPE}--{_UUID.format(0)}",
    "wire": 1,
    "kind": "share",
    "recipients": [f"identity--{_UUID.format(2)}"],
    "object_marking_refs": [TLP_IDS[Tlp.CLEAR]],
    "extensions": {EXTENSION: {"extension_type": "new-sdo"}},
    "body": {},
    "contents": [],
    "signature": {
        "protected": encode_base64url(canonical({"alg": ALGORITHM, "kid": "A" * 43})),
        "signature": encode_base64url(bytes(64)),
    },
})  # fmt: skip  # one member to a line


def form_problems(value: object) -> Iterator[Malformed]:
    """What is wrong with the form of the act, at most `MAX_PROBLEMS` things; `value` is left as it is."""
    mended = dict(value) if isinstance(value, dict) else value
    for _ in range(MAX_PROBLEMS):
        try:
            decode_act(mended)
        except Malformed as problem:
            yield problem
            if not isinstance(mended, dict) or not _mend(mended, problem.where):
                return  # it is not about one member: nothing further can be read
        else:
            return


def _mend(act: dict[str, Any], where: str) -> bool:
    """Make the member at `where` sound; false where no member is named."""
    found = _MEMBER.match(where)
    if found is None:
        return False
    name, number = found[1].replace("~1", "/").replace("~0", "~"), found[2]
    if name == "contents" and number is not None:
        act[name] = [*act[name][: int(number)], _content(int(number)), *act[name][int(number) + 1 :]]
    elif name in {"created", "modified"}:
        _mend_time(act, name)
    elif name in {"author", "created_by_ref"}:
        act["created_by_ref"] = act["author"] = _NOBODY if name == "author" else act["author"]
    elif name in _SOUND:
        act[name] = _SOUND[name]
    else:
        act.pop(name, None)
    return True


def _mend_time(act: dict[str, Any], name: str) -> None:
    act["created"] = _TIME if name == "created" else act["created"]
    act["modified"] = act["created"]


def _content(number: int) -> dict[str, str]:
    """An entry that no other can be equal to."""
    return {"ref": f"indicator--{_UUID.format(number)}", "sha256": "0" * 64}
