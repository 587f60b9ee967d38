"""The feeders of a running job: one a host that has Pipe or FastFile channels, for all its life."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import TracebackType

from sm_container.contract.inputs import InputMode
from sm_container.contract.layout import Layout
from sm_container.harness.inputs.feed.plan import FastFileChannel, FeedPlan
from sm_container.harness.inputs.feed.process import Feed, FeederLostError, FeedError
from sm_container.harness.inputs.pipe.channel import PipeChannel
from sm_container.harness.inputs.pipe.origin import origin
from sm_container.harness.inputs.plan import ChannelPlan
from sm_container.harness.job.traffic import ChannelTraffic
from sm_container.harness.life.faults import DownloadError, PlatformFault
from sm_container.harness.life.prepare import Prepared
from sm_container.harness.store.folder import JobFolder
from sm_container.storage.files import FOLDER_MODE


def feed_plan(prepared: Prepared, folder: JobFolder, host: str) -> FeedPlan | None:
    """What a host's feeder is told; None where the host needs none."""
    pipes = tuple(_pipe(plan, host) for plan in prepared.plans if plan.mode is InputMode.PIPE)
    mounts = tuple(
        FastFileChannel(plan.channel, tuple(plan.share(host))) for plan in prepared.mounted
    )
    if not pipes and not mounts:
        return None
    return FeedPlan(
        data=Layout(folder.tree(host)).data,
        spool=folder.host(host),
        pipes=pipes,
        mounts=mounts,
        s3_root=prepared.options.s3_root,
        link=prepared.options.link,
        # Docker's daemon is root's, whoever asks it; the others run containers as who asks.
        for_everyone=prepared.engine.name == "docker",
    )


def _pipe(plan: ChannelPlan, host: str) -> PipeChannel:
    return PipeChannel(
        plan.channel, plan.entries, plan.share_of(host), plan.compression, plan.wrapper
    )


@dataclass(frozen=True)
class Feeding:
    """The feeders by host. Leaving the ``with`` block ends them, and takes away what they made; it
    raises as :meth:`check` does where one had not lived until then."""

    folder: JobFolder
    plans: Mapping[str, FeedPlan]
    feeds: Mapping[str, Feed]
    modes: Mapping[str, InputMode]

    @classmethod
    def start(cls, prepared: Prepared, folder: JobFolder, hosts: Iterable[str]) -> Feeding:
        """Start what the hosts need, which may be nothing."""
        plans: dict[str, FeedPlan] = {}
        feeds: dict[str, Feed] = {}
        modes = {plan.channel: plan.mode for plan in prepared.plans}
        with ExitStack() as undone:
            for host in hosts:
                layout = Layout(folder.tree(host))
                for channel, mode in modes.items():
                    if mode is InputMode.FAST_FILE:
                        layout.channel(channel).mkdir(FOLDER_MODE)
                plan = feed_plan(prepared, folder, host)
                if plan is not None:
                    plans[host] = plan
                    feeds[host] = Feed(plan, folder.feed(host), folder.feed_log(host))
                    undone.callback(feeds[host].close)
            undone.pop_all()
        return cls(folder, plans, feeds, modes)

    def wait_until_ready(self, tick: Callable[[], None]) -> None:
        """Wait until every FIFO and mount stands.

        Raises:
            DownloadError: where one cannot be made.
            PlatformFault: where a feeder died.
        """
        with _blaming():
            for feed in self.feeds.values():
                feed.wait_until_ready(tick)

    def check(self) -> None:
        """See whether all channels are fed: else what the algorithm has got is not all, and it
        would take it for all.

        Raises:
            DownloadError: where one cannot be fed any more.
            PlatformFault: where a feeder died.
        """
        with _blaming():
            for feed in self.feeds.values():
                feed.check()

    def troubles(self) -> tuple[str, ...]:
        """What the algorithm could not read so far, of which it was told."""
        return tuple(said for feed in self.feeds.values() for said in feed.troubles)

    def traffic(self) -> tuple[ChannelTraffic, ...]:
        """What was moved so far; after the block, in all."""
        return tuple(
            _traffic(channel, host, self.modes[channel], counters)
            for host, feed in self.feeds.items()
            for channel, counters in feed.statistics.items()
        )

    def origins(self, host: str, failure: str) -> Iterator[str]:
        """Which object a host's failure comes from that names a byte of a stream; after the
        block."""
        traces = self.feeds[host].traces if host in self.feeds else {}
        for channel in self.plans[host].pipes if traces else ():
            if channel.name in traces:
                said = origin(failure, channel, traces[channel.name])
                if said is not None:
                    yield said

    def __enter__(self) -> Feeding:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for feed in self.feeds.values():
            feed.close()
        if InputMode.FAST_FILE in self.modes.values():
            from sm_container.harness.inputs.fastfile.device import unmount_below

            unmount_below(self.folder.path)  # those of a feeder that was killed
        if kind is None:
            self.check()  # one that died at the very end looked like the end of the data


@contextmanager
def _blaming() -> Iterator[None]:
    """Tell faults of the data from those of what feeds it."""
    try:
        yield
    except FeederLostError as fault:
        raise PlatformFault(str(fault)) from fault
    except FeedError as fault:
        raise DownloadError(str(fault)) from fault


def _traffic(
    channel: str, host: str, mode: InputMode, counters: Mapping[str, float]
) -> ChannelTraffic:
    if mode is InputMode.FAST_FILE:
        read, waited = int(counters["read"]), counters["waited"]
        return ChannelTraffic(channel, host, str(mode), read, starved=waited)
    return ChannelTraffic(
        channel,
        host,
        str(mode),
        int(counters["sent"]),
        counters["seconds"],
        int(counters["begun"]),
        int(counters["finished"]),
        counters["blocked"],
        counters["starved"],
    )
