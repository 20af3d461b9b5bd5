"""Asks a server all that Cyware's `cytaxii2` can ask, as told on the standard input."""

import json
import sys

from cytaxii2 import cytaxii2


def main():
    told = json.load(sys.stdin)
    client = cytaxii2.cytaxii2(told["url"], told["user"], told["password"], version=2.1)
    collection = told["collection"]
    said = {
        "discovery": client.discovery_request(),
        "root": client.root_discovery(),
        "collections": client.collection_request(),
        "collection": client.collection_data_request(collection),
        "page": client.poll_request(collection, limit=1),
        "posted": client.inbox_request(collection, json.dumps({"objects": told["post"]})),
    }
    said["next"] = client.poll_request(collection, limit=1, next=said["page"]["response"]["next"])
    json.dump(said, sys.stdout)


if __name__ == "__main__":
    main()
