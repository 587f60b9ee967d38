"""What was moved for a job, in its record; and the link that a run may be behind."""

from __future__ import annotations

import json
from dataclasses import replace

from sm_container.harness.job.options import RunOptions
from sm_container.harness.job.record import JobRecord
from sm_container.harness.job.traffic import ChannelTraffic, CheckpointTraffic, totals
from sm_container.storage.simulated import Link
from tests.harness.job.test_record import new_record

PIPE = ChannelTraffic("train", "algo-1", "Pipe", 3_000_000, 2.0, 3, 2, 1.25, 0.5)


def test_it_is_kept_in_the_record() -> None:
    fast = ChannelTraffic("x", "algo-1", "FastFile", 9)
    kept = CheckpointTraffic("algo-1", 1, 100, 0.5)
    record = replace(new_record(), traffic=(PIPE, fast), checkpoints=(kept,))
    assert JobRecord.from_document(json.loads(json.dumps(record.to_document()))) == record


def test_a_record_of_an_older_version_has_none() -> None:
    document = new_record().to_document()
    del document["traffic"], document["checkpoints"]
    record = JobRecord.from_document(document)
    assert (record.traffic, record.checkpoints) == ((), ())


def test_rates_are_of_the_time_in_which_somebody_read() -> None:
    assert PIPE.bytes_per_second == 1_500_000
    unread = replace(PIPE, seconds=0.0)
    assert unread.bytes_per_second is None


def test_a_link_is_what_the_options_say() -> None:
    plain = RunOptions("image")
    assert plain.link is None
    assert replace(plain, s3_latency_ms=30.0).link == Link(0.03)
    assert replace(plain, s3_bandwidth_mbs=90.0).link == Link(0.0, 90e6)
    both = replace(plain, s3_latency_ms=30.0, s3_bandwidth_mbs=90.0)
    assert both.link == Link(0.03, 90e6)
    assert RunOptions.from_document(both.to_document()) == both


def test_attempts_are_added_up_by_channel_and_host() -> None:
    other = replace(PIPE, host="algo-2")
    files = ChannelTraffic("files", "algo-1", "File", 10, 0.5)
    assert totals((files, PIPE, other, files, PIPE)) == (
        ChannelTraffic("files", "algo-1", "File", 20, 1.0),
        ChannelTraffic("train", "algo-1", "Pipe", 6_000_000, 4.0, 6, 4, 2.5, 1.0),
        other,
    )


def test_a_folder_that_is_bound_has_its_size_once_whatever_the_attempts() -> None:
    bound = ChannelTraffic("train", "algo-1", "FastFile", 100, folder="/data")
    assert totals((bound, bound)) == (bound,)


def test_the_checkpoints_of_two_attempts_are_added_up() -> None:
    first = CheckpointTraffic("algo-1", 1, 100, 0.5, 2, 3, 300, 1.5)
    second = CheckpointTraffic("algo-1", uploaded=4, uploaded_size=1)
    both = CheckpointTraffic("algo-1", 5, 101, 0.5, 2, 3, 300, 1.5)
    assert first + second == both
    assert CheckpointTraffic.from_document(both.to_document()) == both
