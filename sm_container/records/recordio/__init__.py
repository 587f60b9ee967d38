"""RecordIO: records behind a magic word and a length, in both dialects of multi-part records."""

from sm_container.records.recordio.format import RecordIOFormat
from sm_container.records.recordio.multipart import Multipart
from sm_container.records.recordio.reader import read_frames, read_records
from sm_container.records.recordio.writer import RecordWriter

__all__ = ["Multipart", "RecordIOFormat", "RecordWriter", "read_frames", "read_records"]
