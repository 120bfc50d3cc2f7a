"""A store of objects on this machine: moto's, behind a door that can be told to refuse."""

import threading

import boto3
import fsspec
from moto.s3.models import s3_backends
from moto.server import create_backend_app
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

KEYS = {"AWS_ACCESS_KEY_ID": "somebody", "AWS_SECRET_ACCESS_KEY": "whisper-whisper", "AWS_DEFAULT_REGION": "us-east-1"}


def refusal(code, status):
    """What the store says when it will not."""
    text = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>Said the store: {code}</Message></Error>"
    return Response(text, status, mimetype="application/xml")


class Store:
    """Buckets that are asked by HTTP.

    Attributes:
        door: sees every request, by method and path, before the store does; what it returns is the answer instead.
        requests: all of them.
    """

    def __init__(self):
        self.door, self.requests = lambda request: None, []
        self._app = create_backend_app("s3")  # itself: to find out for each request that it is of S3 takes long
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.environment = {**KEYS, "AWS_ENDPOINT_URL": self.url, "AWS_MAX_ATTEMPTS": "1"}
        fsspec.get_filesystem_class("s3").clear_instance_cache()  # of stores that were there before
        self.client = boto3.client(
            "s3",
            endpoint_url=self.url,
            aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
            region_name=KEYS["AWS_DEFAULT_REGION"],
        )

    def _answer(self, environ, start_response):
        request = Request(environ)
        self.requests.append((request.method, request.path))
        return (self.door(request) or self._app)(environ, start_response)

    def reset(self):
        """No bucket is left, and the door is open."""
        self.door = lambda request: None
        s3_backends.reset()
        self.requests.clear()

    def asked(self, method, path):
        """How many requests were of this kind, of a path that begins so."""
        return sum(one == method and at.startswith(path) for one, at in self.requests)

    def close(self):
        self.client.close()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def bucket(self, name, folder=None):
        """A new bucket, which holds what a folder does."""
        self.client.create_bucket(Bucket=name)
        for path in sorted(folder.rglob("*")) if folder else ():
            if path.is_file():
                self.put(name, str(path.relative_to(folder)), path.read_bytes())

    def put(self, bucket, key, data):
        self.client.put_object(Bucket=bucket, Key=key, Body=data)

    def remove(self, bucket, *keys):
        for key in keys:
            self.client.delete_object(Bucket=bucket, Key=key)

    def contents(self, bucket):
        """The objects of a bucket that are pictures."""
        return {key: self.client.get_object(Bucket=bucket, Key=key)["Body"].read() for key in self.keys(bucket)}

    def keys(self, bucket):
        return [key for key in self.all_keys(bucket) if ".srgan/" not in key]

    def all_keys(self, bucket):
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return [one["Key"] for page in pages for one in page.get("Contents", ())]
