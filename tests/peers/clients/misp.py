"""Pushes MISP events to a collection as MISP's own script does: `misp-stix`, then `taxii2-client`.

MISP turns each event into STIX 2.1 with `MISPtoSTIX21Parser`, fills envelopes up to the `max_content_length`
of the API root, and posts each as bytes by `Collection.add_objects`, without waiting (its taxii_push.py).
"""

import json
import sys

import misp_stix_converter
import taxii2client
from requests.auth import HTTPBasicAuth


def main():
    told = json.load(sys.stdin)
    shown = {"auth": HTTPBasicAuth(told["user"].encode(), told["password"].encode())}
    with taxii2client.ApiRoot(told["root"].rstrip("/"), **shown) as root:
        most = min(root.max_content_length, told["most"])
    objects = []
    for path in told["files"]:
        parser = misp_stix_converter.MISPtoSTIX21Parser()
        parser.parse_json_file(path)
        objects += [each.serialize() for each in parser.bundle.objects]
    with taxii2client.Collection(f"{told['root']}collections/{told['collection']}", **shown) as collection:
        add = collection.add_objects
        statuses = [add(body, wait_for_completion=False)._raw for body in envelopes(objects, most)]
    json.dump({"objects": [json.loads(each) for each in objects], "statuses": statuses}, sys.stdout)


def envelopes(objects, most):
    waiting: list[str] = []
    for each in objects:
        if waiting and len(b'{"objects":[%b]}' % ",".join([*waiting, each]).encode()) > most:
            yield b'{"objects":[%b]}' % ",".join(waiting).encode()
            waiting = []
        waiting.append(each)
    yield b'{"objects":[%b]}' % ",".join(waiting).encode()


if __name__ == "__main__":
    main()
