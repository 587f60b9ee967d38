"""Several hosts that share one prefix."""

from __future__ import annotations

from tests.harness.checkpoints.conftest import (
    UPLOADED,
    Bucket,
    until,
)


def test_two_hosts_share_a_prefix(bucket: Bucket) -> None:
    bucket.put("restored")
    prefix = bucket.prefix()
    one, two = bucket.host("algo-1", prefix), bucket.host("algo-2", prefix)
    with one.sync, two.sync:
        one.write("algo-1/a")
        two.write("algo-2/a")
        until(lambda: bucket.kept() == {"restored", "algo-1/a", "algo-2/a"})
        assert not (one.path / "algo-2").exists()  # S3 is read at the start alone
        (two.path / "restored").unlink()
        until(lambda: bucket.kept() == {"algo-1/a", "algo-2/a"})
    assert bucket.kept() == {"algo-1/a", "algo-2/a"}
    assert one.sync.notes == two.sync.notes == ()


def test_of_two_that_write_one_name_the_last_wins(bucket: Bucket) -> None:
    prefix = bucket.prefix()
    one, two = bucket.host("algo-1", prefix), bucket.host("algo-2", prefix)
    with one.sync, two.sync:
        one.write("same", "the same")
        one.write("model", "by one")
        until(lambda: bucket.kept() == {"same", "model"})
        two.write("same", "the same")
        two.write("model", "by two")
        until(lambda: bucket.has("model", "by two"))
        until(lambda: {f"model{UPLOADED}", f"same{UPLOADED}"} <= two.names())  # and compared
        (one.path / "model").unlink()  # what is in S3 is not its own any more
        (one.path / "same").unlink()
        until(lambda: f"model{UPLOADED}" not in one.names())
    assert bucket.has("model", "by two")
    assert bucket.has("same", "the same")
    assert one.sync.notes == ()
    [note] = two.sync.notes
    assert "model was written by algo-1 too, and not the same" in note
