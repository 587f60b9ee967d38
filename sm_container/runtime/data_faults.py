"""A fault of the data as a log shows it: what is wrong and the author's own lines, no traceback.

Where in this library it was found says nothing to whom the data belongs. The log level of debugging
shows the traceback all the same. Source: sagemaker-training, sagemaker_container_log_level.
"""

from __future__ import annotations

import os

from sm_container.channels.errors import ChannelError, MissingChannelError
from sm_container.contract.failure import failure_text
from sm_container.records.errors import FormatError, RecordError

_LOG_LEVEL = "SM_LOG_LEVEL"
_DEBUG = "10"


def said(error: BaseException) -> str | None:
    """What to show in the place of a traceback; None where the traceback is to be shown."""
    is_data_fault = isinstance(error, ChannelError | RecordError | FormatError)
    # A channel that the author forgot to declare is a fault of the code.
    if not is_data_fault or isinstance(error, MissingChannelError):
        return None
    return None if os.environ.get(_LOG_LEVEL) == _DEBUG else f"ERROR: {failure_text(error)}"
