"""The operations of CloudWatch Logs that are answered here."""

from __future__ import annotations

from sm_container.service.logs.describe_streams import describe_streams
from sm_container.service.logs.errors import INVALID_PARAMETER
from sm_container.service.logs.filter_events import filter_events
from sm_container.service.logs.get_events import get_events
from sm_container.service.logs.groups import describe_groups
from sm_container.service.operations import Api, Operation

API = Api(
    name="CloudWatch Logs",
    model="logs",
    operations={
        "DescribeLogGroups": Operation(describe_groups, "DescribeLogGroupsRequest"),
        "DescribeLogStreams": Operation(describe_streams, "DescribeLogStreamsRequest"),
        "GetLogEvents": Operation(get_events, "GetLogEventsRequest"),
        "FilterLogEvents": Operation(filter_events, "FilterLogEventsRequest"),
    },
    invalid=INVALID_PARAMETER,
)
