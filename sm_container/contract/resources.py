"""``resourceconfig.json``: the hosts of the job and which of them this one is.

Source: developer guide, "How Amazon SageMaker Provides Training Information", Distributed
Training Configuration.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sm_container.contract.document import Fields, read_document, without_none, write_document

HOMOGENEOUS_GROUP = "homogeneousCluster"


@dataclass(frozen=True)
class InstanceGroup:
    """The hosts of one instance type."""

    name: str
    instance_type: str
    hosts: tuple[str, ...]
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_document(self) -> dict[str, Any]:
        return {
            "instance_group_name": self.name,
            "instance_type": self.instance_type,
            "hosts": list(self.hosts),
            **self.extra,
        }

    @classmethod
    def from_fields(cls, fields: Fields) -> InstanceGroup:
        return cls(
            name=fields.text("instance_group_name"),
            instance_type=fields.text("instance_type"),
            hosts=fields.texts("hosts"),
            extra=fields.rest(),
        )


@dataclass(frozen=True)
class ResourceConfig:
    """What a host knows of its job's hosts.

    ``hosts`` is in the file's order, which the service sorts as text (algo-10 before algo-2).
    The fields that may be None are those that older jobs do not have.
    """

    current_host: str
    hosts: tuple[str, ...]
    network_interface_name: str = "eth0"
    current_instance_type: str | None = None
    current_group_name: str | None = None
    instance_groups: tuple[InstanceGroup, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def rank(self) -> int:
        """The place of this host among the hosts, from 0."""
        return self.hosts.index(self.current_host)

    @classmethod
    def homogeneous(
        cls, current_host: str, hosts: tuple[str, ...], instance_type: str
    ) -> ResourceConfig:
        """The document of a job whose hosts are all of one instance type."""
        in_order = tuple(sorted(hosts))
        return cls(
            current_host=current_host,
            hosts=in_order,
            current_instance_type=instance_type,
            current_group_name=HOMOGENEOUS_GROUP,
            instance_groups=(InstanceGroup(HOMOGENEOUS_GROUP, instance_type, in_order),),
        )

    def to_document(self) -> dict[str, Any]:
        """The document in the service's order of keys."""
        groups = [group.to_document() for group in self.instance_groups]
        return {
            **without_none(
                {
                    "current_host": self.current_host,
                    "current_instance_type": self.current_instance_type,
                    "current_group_name": self.current_group_name,
                    "hosts": list(self.hosts),
                    "instance_groups": groups or None,
                    "network_interface_name": self.network_interface_name,
                }
            ),
            **self.extra,
        }

    @classmethod
    def from_document(
        cls, document: object, path: Path = Path("resourceconfig.json")
    ) -> ResourceConfig:
        """Parse the document; raises ContractError, which names ``path``."""
        fields = Fields(document, path)
        current_host, hosts = fields.text("current_host"), fields.texts("hosts")
        if current_host not in hosts:
            fields.refuse("current_host", f"one of the hosts {', '.join(hosts)}", current_host)
        return cls(
            current_host=current_host,
            hosts=hosts,
            network_interface_name=fields.optional_text("network_interface_name") or "eth0",
            current_instance_type=fields.optional_text("current_instance_type"),
            current_group_name=fields.optional_text("current_group_name"),
            instance_groups=tuple(
                map(InstanceGroup.from_fields, fields.objects("instance_groups"))
            ),
            extra=fields.rest(),
        )

    @classmethod
    def read(cls, path: Path) -> ResourceConfig:
        """Read the file. Raises ContractError where it is not there or not what it should be."""
        return cls.from_document(read_document(path), path)

    def write(self, path: Path) -> None:
        """Write the file."""
        write_document(path, self.to_document())
