"""The race: how fast this engine is beside its peers."""
