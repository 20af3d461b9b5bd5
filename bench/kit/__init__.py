"""What the benchmarks share: figures and the machine they were taken on, homes of nodes, data in bulk."""
