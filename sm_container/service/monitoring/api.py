"""The operations of CloudWatch that are answered here."""

from __future__ import annotations

from sm_container.service.monitoring.errors import VALIDATION_ERROR
from sm_container.service.monitoring.get_data import get_data
from sm_container.service.monitoring.get_statistics import get_statistics
from sm_container.service.monitoring.list_metrics import list_metrics
from sm_container.service.operations import Api, Operation

API = Api(
    name="CloudWatch",
    model="cloudwatch",
    operations={
        "GetMetricData": Operation(get_data, "GetMetricDataInput"),
        "GetMetricStatistics": Operation(get_statistics, "GetMetricStatisticsInput"),
        "ListMetrics": Operation(list_metrics, "ListMetricsInput"),
    },
    invalid=VALIDATION_ERROR,
)
