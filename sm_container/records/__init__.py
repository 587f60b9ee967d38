"""Records of every format a channel may hold: bytes in, columns of arrays out."""
