"""S3 whose objects are the files of a folder, the one that jobs read and write themselves."""
