"""Whether the packet filter of this host lets strangers in to a port of its own."""
