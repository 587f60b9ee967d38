"""What AlgorithmSpecification says of metrics, for who has the document of a request alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sm_container.contract.metrics import MetricDefinition


def definitions_of(specification: Mapping[str, Any]) -> tuple[MetricDefinition, ...]:
    """The metrics to find. Source: AlgorithmSpecification, MetricDefinitions."""
    documents = specification.get("MetricDefinitions") or ()
    if not documents:
        return ()  # a request without metrics need not load what they do
    from sm_container.contract.metrics import MetricDefinition

    return tuple(MetricDefinition.from_document(each) for each in documents)


def keeps_series(specification: Mapping[str, Any]) -> bool:
    """Whether every value is kept, and not the last one alone.

    Source: AlgorithmSpecification, EnableSageMakerMetricsTimeSeries: true by default where there is
    a metric definition.
    """
    default = bool(specification.get("MetricDefinitions"))
    return bool(specification.get("EnableSageMakerMetricsTimeSeries", default))
