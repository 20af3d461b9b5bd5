"""Asks a server all that OASIS's `taxii2-client` can ask, as told on the standard input."""

import json
import sys
from typing import Any

import requests
from requests.auth import AuthBase
from taxii2client.common import TokenAuth
from taxii2client.v21 import ApiRoot, Collection, Server, as_pages


class Bearer(AuthBase):
    def __init__(self, token):
        self.token = token

    def __call__(self, request):
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


def main():
    told = json.load(sys.stdin)
    if told.get("bearer"):
        shown = {"auth": Bearer(told["bearer"])}
    elif told.get("token"):
        shown = {"auth": TokenAuth(told["token"])}
    else:
        shown = {"user": told["user"], "password": told["password"]}
    said: dict[str, Any] = {}
    server = Server(told["url"], **shown)
    said["server"] = {"title": server.title, "roots": [each.url for each in server.api_roots]}
    root = server.api_roots[0]
    said["root"] = {"title": root.title, "versions": root.versions, "most": root.max_content_length}
    assert ApiRoot(root.url, **shown).title == root.title
    listed = {each.id: each for each in root.collections}
    said["collections"] = [[each.id, each.title, each.can_read, each.can_write] for each in root.collections]
    collection = Collection(listed[told["collection"]].url, **shown)
    pages = list(as_pages(collection.get_objects, per_request=told["per_request"]))
    said["pages"] = [page.get("objects", []) for page in pages]
    said["of_type"] = [each["id"] for each in collection.get_objects(type="malware").get("objects", [])]
    first = said["pages"][0][0]["id"]
    said["object"] = collection.get_object(first).get("objects")
    manifest = [
        each for page in as_pages(collection.get_manifest, per_request=1_000) for each in page["objects"]
    ]
    said["manifest"] = manifest
    after = manifest[0]["date_added"]
    said["added_after"] = [each["id"] for each in collection.get_objects(added_after=after)["objects"]]
    said["versions"] = collection.object_versions(first).get("versions")
    status = collection.add_objects({"objects": told["post"]})
    said["posted"] = status._raw
    said["status"] = root.get_status(status.id)._raw
    collection.delete_object(told["delete"])
    try:
        collection.delete_object(told["delete"])
    except requests.HTTPError as error:
        said["deleted_again"] = error.response is not None and error.response.status_code
    json.dump(said, sys.stdout)


if __name__ == "__main__":
    main()
