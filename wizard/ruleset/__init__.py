"""What the rules of nftables and ip6tables do with a packet: one evaluator for all who ask."""
