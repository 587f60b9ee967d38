"""ListBuckets and the operations of one bucket. Source: each one's page in the S3 API Reference."""

from __future__ import annotations

from datetime import datetime, timezone

from starlette.responses import Response

from sm_container.service.s3.body import Body
from sm_container.service.s3.call import Call
from sm_container.service.s3.xml import CONTENT_TYPE, document, element

_DEFAULT_REGION = "us-east-1"  # its buckets have no location


def list_buckets(call: Call) -> Response:
    found = [
        element(
            "Bucket",
            element("Name", name),
            element("CreationDate", datetime.fromtimestamp(made, timezone.utc).isoformat()),
        )
        for name, made in call.root.buckets()
    ]
    root = element("ListAllMyBucketsResult", element("Buckets", *found))
    return Response(document(root), media_type=CONTENT_TYPE)


def create(call: Call) -> Response:
    """Make a bucket; any location that its body may name is this region."""
    for _ in Body(call.headers, call.pieces):
        pass
    call.root.create(call.bucket)
    return Response(None, 200, {"location": f"/{call.bucket}"})


def head(call: Call) -> Response:
    _ = call.objects
    return Response(None, 200, {"x-amz-bucket-region": call.region})


def delete(call: Call) -> Response:
    call.root.delete(call.bucket)
    return Response(None, 204)


def location(call: Call) -> Response:
    _ = call.objects
    where = None if call.region == _DEFAULT_REGION else call.region
    return Response(document(element("LocationConstraint", where)), media_type=CONTENT_TYPE)


def versioning(call: Call) -> Response:
    """No bucket here has versions."""
    _ = call.objects
    return Response(document(element("VersioningConfiguration")), media_type=CONTENT_TYPE)
