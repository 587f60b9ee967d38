"""What the formats of tensors have in common: protobuf and msgpack records, read into columns."""
