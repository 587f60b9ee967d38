"""``job.checkpoints``: saves what training needs to go on, and finds it again.

A checkpoint is a folder, written where it stays and made whole by its manifest, which is renamed
into it last. What has no whole manifest, or is not as its manifest says, is never loaded.
"""
