"""Everything that is settled before a job exists: engine, program, data, network, limits.

What is wrong with a run is said here, all at once where it can be, before anything is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sm_container.contract.inputs import InputMode
from sm_container.contract.layout import DEFAULT_BASE
from sm_container.harness.checkpoints.place import plain
from sm_container.harness.credentials.choice import (
    ISOLATED,
    CredentialsChoice,
    CredentialsError,
    CredentialsKind,
)
from sm_container.harness.engines.detect import choose
from sm_container.harness.engines.engine import (
    Engine,
    EngineError,
    ImageTarget,
    Network,
    Notes,
    ProgramTarget,
    Target,
    unheard,
)
from sm_container.harness.inputs.errors import Answer, InputError, InputFault
from sm_container.harness.inputs.plan import ChannelPlan, plan_channels
from sm_container.harness.inputs.whole_folder import whole_folder
from sm_container.harness.job.options import RunOptions
from sm_container.harness.life.capacity import Capacity, capacity_of
from sm_container.harness.life.spot import require_spot, spot_notes
from sm_container.harness.request.training_request import TrainingRequest
from sm_container.harness.store.home import Home
from sm_container.storage.store import Store, Stores


@dataclass(frozen=True)
class Prepared:
    """A run that can start: its request and options, and what was found out about both."""

    home: Home
    request: TrainingRequest
    options: RunOptions
    engine: Engine
    target: Target
    hosts: tuple[str, ...]
    plans: tuple[ChannelPlan, ...]
    network: Network
    network_interface: str
    capacity: Capacity
    stores: Stores
    credentials: CredentialsChoice
    binds: Mapping[str, Path] = field(default_factory=dict)
    """FastFile channels that are a folder of this machine as it stands, by name."""
    notes: tuple[str, ...] = ()
    not_simulated: tuple[str, ...] = ()

    @property
    def mounted(self) -> tuple[ChannelPlan, ...]:
        """The FastFile channels that need a mount of their own."""
        return tuple(
            plan
            for plan in self.plans
            if plan.mode is InputMode.FAST_FILE and plan.channel not in self.binds
        )

    def store_of(self, uri: str) -> tuple[Store, str]:
        """The object store of a URI, and the key in it."""
        return self.stores.open(uri)


def prepare(
    home: Home,
    request: TrainingRequest,
    options: RunOptions,
    notes: Notes = unheard,
    engine: Engine | None = None,
) -> Prepared:
    """Settle a run: choose the engine, list the channels' objects, fit the instance type.

    ``notes`` hears what the engine says while it works: an image being pulled, a check left out.
    ``engine`` is the one of who brings it along, in the place of those that can be chosen.

    Raises:
        EngineError: where no engine can run the target.
        CredentialsError: where the job cannot have any.
        InputError: for each channel at once, where data is missing or refused.
        RequestError: where the options do not suit the request.
        StorageError: where a store cannot be reached, or artifacts cannot be saved.
    """
    require_spot(request, options)
    target = _target(options.target)
    engine = engine or choose(options.engine, target, home, notes)
    hosts = tuple(f"algo-{number}" for number in range(1, request.instance_count + 1))
    s3_root = Path(options.s3_root) if options.s3_root else None
    stores = Stores(s3_root)
    sources = stores if options.link is None else Stores(s3_root, options.link)
    plans = _plans(request, options, hosts, sources)
    # Not after hours of training: whether the artifacts can be saved at all.
    output, key = stores.open(request.output.uri)
    output.require_writable(key)
    _require_checkpoints(request, engine, stores)
    capacity = capacity_of(request.instance_type, options, engine.name)
    isolated = request.network_isolation
    binds = _binds(plans, engine)
    _require_mounts(plan for plan in plans if plan.channel not in binds)
    return Prepared(
        home=home,
        request=request,
        options=options,
        engine=engine,
        target=target,
        hosts=hosts,
        plans=plans,
        network=Network.none() if isolated else Network.default(),
        network_interface="lo" if isolated or engine.name == "process" else "eth0",
        capacity=capacity,
        stores=stores,
        credentials=_credentials(options, isolated),
        binds=binds,
        notes=(
            *capacity.notes,
            *spot_notes(request, options),
            *_simulation(plans, options),
            *(note for plan in plans for note in plan.notes),
        ),
        not_simulated=(*request.not_simulated, *capacity.not_simulated),
    )


def _target(named: str) -> Target:
    path = Path(named)
    return ProgramTarget(path) if path.is_absolute() else ImageTarget(named)


def _plans(
    request: TrainingRequest, options: RunOptions, hosts: tuple[str, ...], sources: Stores
) -> tuple[ChannelPlan, ...]:
    return plan_channels(
        request.channels,
        sources.open,
        hosts,
        region=options.region,
        role_arn=request.role_arn,
        sample=options.sample,
    )


def _binds(plans: Iterable[ChannelPlan], engine: Engine) -> dict[str, Path]:
    """The folders that can be shown as they are: no mount is needed, and none is as quick."""
    if not engine.protects_inputs:
        return {}
    fast = [plan for plan in plans if plan.mode is InputMode.FAST_FILE]
    found = {plan.channel: whole_folder(plan) for plan in fast}
    return {channel: folder for channel, folder in found.items() if folder is not None}


def _require_mounts(plans: Iterable[ChannelPlan]) -> None:
    """Whether FUSE can be had, where a channel needs it.

    Raises:
        InputError: naming the channels.
    """
    fast = [plan.channel for plan in plans if plan.mode is InputMode.FAST_FILE]
    if not fast:
        return
    from sm_container.harness.inputs.fastfile.device import availability

    missing = availability()
    if missing is not None:
        sentence = f"FastFile mode needs FUSE, and {missing}; or use File or Pipe mode"
        raise InputError(InputFault(channel, Answer.REFUSED, sentence) for channel in fast)


def _require_checkpoints(request: TrainingRequest, engine: Engine, stores: Stores) -> None:
    """Whether checkpoints can be kept at S3Uri, and be at LocalPath.

    Raises:
        StorageError, EngineError: where not.
    """
    if request.checkpoint is None:
        return
    store, key = stores.open(request.checkpoint.uri)
    store.require_writable(key)
    local_path = plain(request.checkpoint.local_path)
    if not local_path.is_relative_to(DEFAULT_BASE):
        why = engine.why_not_at(str(local_path))
        if why is not None:
            raise EngineError(f"checkpoints cannot be at {local_path}: {why}")


def _simulation(plans: Sequence[ChannelPlan], options: RunOptions) -> Iterator[str]:
    if options.link is not None and plans:
        latency, rate = options.s3_latency_ms or 0, options.s3_bandwidth_mbs
        yield (
            f"simulated: channels as from a bucket with {latency:g} ms to the first byte and "
            f"{'any speed' if rate is None else f'{rate:g} MB/s'} on each connection; nothing is "
            "taken from the cache"
        )


def _credentials(options: RunOptions, isolated: bool) -> CredentialsChoice:
    choice = CredentialsChoice.parse(options.credentials)
    if choice.kind is CredentialsKind.NONE:
        return choice
    if isolated:
        raise CredentialsError(ISOLATED)
    from sm_container.harness.credentials.source import open_source

    open_source(choice)  # whether there are any is known before anything starts
    return choice
